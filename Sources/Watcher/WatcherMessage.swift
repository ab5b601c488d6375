import Logging

/// A log line that a decision asks for: constant text, values in the fields.
struct WatcherMessage: Equatable, Sendable {
    var level: Logger.Level
    var text: String
    var fields: [String: String] = [:]

    init(_ level: Logger.Level, _ text: String, _ fields: [String: String] = [:]) {
        self.level = level
        self.text = text
        self.fields = fields
    }

    func log(to logger: Logger) {
        logger.log(level: level, "\(text)", metadata: fields.mapValues { "\($0)" })
    }
}
