import Glibc
import Shared

/// One line on a terminal that says how far a one-shot is; nothing at all where standard error is no terminal.
struct ProgressLine {
    /// Standard error is a terminal.
    let isShown = isatty(STDERR_FILENO) == 1
    private var shown = ""

    /// Shows `text` instead of what was shown before.
    mutating func show(_ text: String) {
        guard isShown, text != shown else { return }
        shown = text
        write("\r\u{1B}[K" + text)
    }

    /// Makes room for something else on the terminal.
    mutating func hide() {
        guard isShown, !shown.isEmpty else { return }
        shown = ""
        write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        // A terminal that went away is no reason to stop publishing.
        try? writeAll(STDERR_FILENO, text, subject: "terminal")
    }

    /// The text for a plan that is not settled yet.
    ///
    /// - Parameters:
    ///   - idle: Since when nothing has moved.
    ///   - columns: The width to keep within; a longer line could not be erased.
    static func text(of plan: PublicationPlan, idle: Duration, timeout: Duration, columns: Int = 79) -> String {
        let all = plan.pairs.count
        let done = plan.pairs.provenCount
        var text = "\(done) of \(all) published and read back"
        if !plan.check.isReady, plan.check.status != .unknown {
            text =
                "waiting for the broker (\(plan.check.status.rawValue)), "
                + "\(idle.components.seconds) s of \(timeout.components.seconds) s; \(text)"
        }
        return StateLimits.cut(text, to: columns)
    }
}
