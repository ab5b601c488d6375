internal import ArgumentParser

/// A duration on the command line: `90`, `90s`, `2m`, `500ms`.
struct WaitingTime: ExpressibleByArgument, Equatable {
    var duration: Duration

    init(duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number > 0, number <= 86_400_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "", "s": duration = .seconds(number)
        case "m": duration = .seconds(number * 60)
        case "ms": duration = .milliseconds(number)
        default: return nil
        }
        guard duration <= .seconds(86_400) else { return nil }
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}
