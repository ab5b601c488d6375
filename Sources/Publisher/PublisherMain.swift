@main
struct PublisherMain {
    static func main() {}
}
