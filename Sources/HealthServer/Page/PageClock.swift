internal import Shared

/// The moment from which the page counts all ages.
struct PageClock: Sendable {
    var wall: WallClock
    var monotonic: MonotonicTime

    /// The date of a moment on the monotonic clock, which has none of its own.
    func timestamp(_ time: MonotonicTime) -> UTCTimestamp {
        UTCTimestamp(milliseconds: wall.milliseconds - (monotonic - time).milliseconds)
    }

    /// `now`, `12 s ago`, `3 min ago`, `5 h ago`, `2 d ago`, or `in 12 s`. The script words it the same way.
    func age(_ time: UTCTimestamp) -> String {
        let milliseconds = wall.milliseconds - time.milliseconds
        let seconds = milliseconds.magnitude / 1000
        if seconds == 0 { return "now" }
        let amount =
            switch seconds {
            case ..<100: "\(seconds) s"
            case ..<6000: "\(seconds / 60) min"
            case ..<172_800: "\(seconds / 3600) h"
            default: "\(seconds / 86_400) d"
            }
        return milliseconds < 0 ? "in \(amount)" : "\(amount) ago"
    }
}

extension HTMLWriter {
    /// A date with its age; the script finds the age by its class and keeps it fresh.
    mutating func time(_ time: UTCTimestamp, _ clock: PageClock) {
        let seconds = UTCTimestamp(milliseconds: time.milliseconds - time.milliseconds % 1000)
        markup("<time datetime=\"")
        text(time.text)
        markup("\">")
        text(seconds.text.replacing("T", with: " ").replacing("Z", with: " UTC"))
        markup(" <span class=\"age\">")
        text(clock.age(time))
        markup("</span></time>")
    }

    /// A date as the state or the broker wrote it; what is none is shown as it is.
    mutating func time(_ value: String, _ clock: PageClock) {
        if let time = UTCTimestamp(value) { self.time(time, clock) } else { name(value) }
    }
}

extension String {
    /// All of one ASCII character replaced; the standard library's own is part of another module.
    fileprivate func replacing(_ character: Character, with other: String) -> String {
        split(separator: character, omittingEmptySubsequences: false).joined(separator: other)
    }
}
