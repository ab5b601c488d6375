internal import ArgumentParser

/// How a one-shot prints its result.
enum OnceOutput: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text
    case json
}
