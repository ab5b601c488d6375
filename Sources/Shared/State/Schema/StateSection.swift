/// The sections of the state file, in file order. Each has exactly one owner, which alone writes it.
package enum StateSection: String, CaseIterable, Sendable {
    /// Written by the supervisor: the workers and their restarts.
    case processes
    /// Written by the watcher: the desired set.
    case source
    /// Written by the publisher: whether the broker can be reached. Small, because it changes at every check.
    case broker
    /// Written by the publisher: what is proven to be in the broker, and why the rest is not.
    case publication

    /// The slot size in bytes that a new file gives the section (docs/state-file.md: 16, 128, 4 and 256 KiB).
    package var initialCapacity: Int {
        switch self {
        case .processes: 16 * 1024
        case .source: 128 * 1024
        case .broker: 4 * 1024
        case .publication: 256 * 1024
        }
    }
}

/// The caps on texts and lists in the state, so that one bad contract cannot fill a section.
package enum StateLimits {
    /// Bytes of a reason or a broker's text; longer ones are cut with an ellipsis.
    package static let reasonBytes = 1024
    /// JSON paths listed for a content conflict.
    package static let jsonPaths = 5
    /// Ignored keys listed; the rest is counted.
    package static let ignoredKeys = 20
    /// Invalid keys listed; the rest is counted.
    package static let invalidKeys = 100
    /// Events kept per section.
    package static let events = 50
    /// The largest slot a section may grow to, in bytes.
    package static let maximumCapacity = 4 * 1024 * 1024

    /// `text` cut to ``reasonBytes`` at a character boundary, with an ellipsis if anything is missing.
    package static func cut(_ text: String, to limit: Int = reasonBytes) -> String {
        guard text.utf8.count > limit else { return text }
        var result = ""
        var size = 0
        for character in text {
            size += character.utf8.count
            if size > limit - 3 { break }
            result.append(character)
        }
        return result + "…"
    }
}

/// Something that happened, for the status page: each section keeps its last ``StateLimits/events``.
package struct StateEvent: Codable, Equatable, Sendable {
    /// RFC 3339, UTC.
    package var time: String
    /// One constant sentence without values, for example `contract published`.
    package var message: String
    /// The values: consumer, provider, reason and the like.
    package var fields: [String: String]

    package init(time: String, message: String, fields: [String: String] = [:]) {
        self.time = time
        self.message = message
        self.fields = fields
    }
}

extension [StateEvent] {
    /// Appends `event` and drops the oldest beyond ``StateLimits/events``.
    package mutating func record(_ event: StateEvent) {
        append(event)
        if count > StateLimits.events { removeFirst(count - StateLimits.events) }
    }
}

/// A section's content: which run wrote it, so that another run's sections are history and never trusted.
package protocol StateSectionContent: Codable, Equatable, Sendable {
    /// Where the content belongs.
    static var section: StateSection { get }
    /// `MANAGER_RUN_ID` of the run that wrote it.
    var run: String { get }
}
