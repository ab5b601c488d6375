internal import Shared
internal import TestSupport

#if DEBUG
/// Commits that fall exactly between the looks of a reader: it begins again and never takes the commit for damage.
enum InterruptedReads {
    /// Attempts that a reader makes; see `SectionReading`.
    private static let attempts = 64

    static func run(_ directory: StateDirectory) throws(StateError) -> Int32 {
        var stage = try AttackStage(directory)
        let writer = try StateWriter<BrokerState>(directory: directory, waitingUpTo: .seconds(5))
        var number = 0
        var interruptions = 0
        // Before the slot is read, and between that and the second look at the sequence.
        for place in 0...1 {
            for count in 0...attempts {
                number += 1
                try writer.commit(StatePattern.broker(number))
                var points = 0
                var left = count
                StateHook.action = {
                    defer { points += 1 }
                    guard points % 2 == place, left > 0 else { return }
                    left -= 1
                    interruptions += 1
                    number += 1
                    // The commit's own points are none of the reader's.
                    let action = StateHook.action
                    StateHook.action = nil
                    try? writer.commit(StatePattern.broker(number))
                    StateHook.action = action
                }
                let reading = StateReader(directory: directory).read(BrokerState.self)
                StateHook.action = nil
                judge(reading, count, number, &stage)
            }
        }
        stage.expect(interruptions == attempts * (attempts + 1), "\(interruptions) interruptions")
        return stage.report("\(2 * (attempts + 1)) reads with \(interruptions) commits between their looks")
    }

    private static func judge(
        _ reading: StateReading<BrokerState>,
        _ interruptions: Int,
        _ newest: Int,
        _ stage: inout AttackStage
    ) {
        switch reading {
        case .content(let state, _):
            let number = StatePattern.number(of: state)
            stage.expect(interruptions < attempts, "\(interruptions) interruptions, and still a content")
            stage.expect(number == newest, "\(interruptions) interruptions: \(number ?? -1) instead of \(newest)")
        case .unreadable(.torn(_)):
            stage.expect(interruptions == attempts, "given up after \(interruptions) interruptions")
        case let other:
            stage.expect(false, "\(interruptions) interruptions: \(other)")
        }
    }
}
#endif
