import ArgumentParser

/// Entry point; everything else is in ``WatcherCommand``.
@main
struct WatcherMain {
    static func main() {
        WatcherCommand.main()
    }
}
