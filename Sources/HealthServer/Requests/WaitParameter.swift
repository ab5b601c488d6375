import Shared

/// The `wait` parameter: how long an answer may be held.
enum WaitParameter {
    /// The longest time; a client that wants more asks again.
    static let maximum: Duration = .seconds(300)

    /// Reads `30s`, `1500ms`, `2m`, `0.5s` or plain seconds, 0 to 300 s; `nil` for everything else.
    static func duration(_ text: String) -> Duration? { DurationText.read(text, atMost: maximum) }
}

/// The `fallback` parameter of `/startup`: after how long the wait for a contract is given up.
enum FallbackParameter {
    static let maximum: Duration = .seconds(86_400)

    /// Reads what ``WaitParameter`` reads, 0 to 24 h (`1440m`); `nil` for everything else.
    static func duration(_ text: String) -> Duration? { DurationText.read(text, atMost: maximum) }
}
