/// Which of the publications of a pair is the latest.
enum PactSelector: Equatable, Sendable {
    case overall
    case tag(String)
    case branch(String)
}
