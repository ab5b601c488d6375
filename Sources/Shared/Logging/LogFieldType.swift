/// Which fields of a JSON log line are numbers or booleans.
///
/// By name and not by what a value looks like: a field must have one type in all lines, or an index of logs refuses some
/// of them (a commit `1234567` is a text).
enum LogFieldType {
    private static let numbers: Set<String> = [
        "column", "connections", "exit.code", "health.port", "http.status", "ignored", "invalid", "keys", "line",
        "pairs", "pid", "port", "restarts.last_60s", "waiters", "waiting.seconds", "worker.pid",
    ]
    private static let booleans: Set<String> = ["ready"]

    /// How the value of a number or boolean stands in the line: without quotes, and `null` for what is none.
    ///
    /// - Returns: `nil` for a text.
    static func literal(_ value: String, of key: String) -> String? {
        if booleans.contains(key) { return value == "true" || value == "false" ? value : "null" }
        guard numbers.contains(key) else { return nil }
        // JSON has no +1 and no 01, and Int reads both.
        return Int(value).map { String($0) == value } == true ? value : "null"
    }
}
