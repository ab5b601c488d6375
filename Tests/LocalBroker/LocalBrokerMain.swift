@main
struct LocalBrokerMain {
    static func main() {}
}
