import ArgumentParser

@main
enum LocalBrokerMain {
    static func main() {
        LocalBrokerCommand.main()
    }
}
