package import Logging

/// Decides which of many failing attempts to write the state are worth a line: the first, another kind of failure, and
/// the end of it all.
package struct StateTrouble {
    private var shown: String?

    /// What to say.
    package enum News: Equatable {
        case cannotWrite(StateError)
        case canWriteAgain
    }

    /// - Parameter known: What was already said.
    package init(known: StateError? = nil) { shown = known?.kind }

    /// - Parameter problem: Why something is not written at this moment; `nil` if all is.
    /// - Returns: `nil` if that is no news. The call and path that fail may change from attempt to attempt; only another
    ///   kind of failure is news.
    package mutating func note(_ problem: StateError?) -> News? {
        let kind = problem?.kind
        guard kind != shown else { return nil }
        shown = kind
        return problem.map { .cannotWrite($0) } ?? .canWriteAgain
    }
}

extension StateTrouble.News {
    package var level: Logger.Level { self == .canWriteAgain ? .info : .error }

    package var message: String {
        self == .canWriteAgain ? "state can be written again" : "state cannot be written; it is kept and tried again"
    }

    /// - Parameter isSupervised: The manager says what to do about it, for all.
    package func fields(isSupervised: Bool) -> [(String, String)] {
        guard case .cannotWrite(let error) = self else { return [] }
        let hint = isSupervised ? nil : error.remedy
        return [("error", error.description)] + (hint.map { [("hint", $0)] } ?? [])
    }
}

extension Logger {
    /// One line for one piece of news, none for no news.
    package func log(_ news: StateTrouble.News?, isSupervised: Bool) {
        guard let news else { return }
        let fields = news.fields(isSupervised: isSupervised).map { ($0, Logger.MetadataValue.string($1)) }
        log(level: news.level, "\(news.message)", metadata: Logger.Metadata(uniqueKeysWithValues: fields))
    }
}

extension StateError {
    /// The case without its values.
    fileprivate var kind: String {
        switch self {
        case .notAbsolute: "notAbsolute"
        case .directoryRefused: "directoryRefused"
        case .notWritable, .system: "notWritable"
        case .full: "full"
        case .locked: "locked"
        case .tooLarge: "tooLarge"
        case .coding: "coding"
        case .damaged: "damaged"
        case .newerSchema: "newerSchema"
        case .torn: "torn"
        case .unsettled: "unsettled"
        case .contract: "contract"
        }
    }
}
