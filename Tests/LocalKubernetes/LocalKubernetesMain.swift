import ArgumentParser

@main
enum LocalKubernetesMain {
    static func main() {
        LocalKubernetesCommand.main()
    }
}
