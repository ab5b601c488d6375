@main
struct WatcherMain {
    static func main() {}
}
