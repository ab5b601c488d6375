import Glibc

/// What can be chosen from outside: `make chaos` does.
enum ChaosSettings {
    /// Length of the chaos, without the quiet at the end: `PMM_CHAOS_SECONDS`.
    static let seconds = number("PMM_CHAOS_SECONDS") ?? 20
    /// Kills of the health server: `PMM_CHAOS_KILLS`.
    static let kills = number("PMM_CHAOS_KILLS") ?? 200
    /// Decides everything that is done and when: `PMM_CHAOS_SEED`, else another one each time, printed.
    static let seed = number("PMM_CHAOS_SEED").map { UInt64($0) } ?? UInt64.random(in: 1...999_999)

    private static func number(_ name: String) -> Int? {
        guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
        guard let number = Int(text), number > 0 else { fatalError("\(name) must be a number above 0, not '\(text)'") }
        return number
    }
}
