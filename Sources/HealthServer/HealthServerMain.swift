@main
struct HealthServerMain {
    static func main() {}
}
