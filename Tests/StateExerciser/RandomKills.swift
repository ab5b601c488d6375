internal import Glibc
internal import Shared
internal import TestSupport

/// Real SIGKILLs at random moments of a writer that commits as fast as it can.
enum RandomKills {
    static func run(_ directory: StateDirectory, count: Int) throws(StateError) -> Int32 {
        var stage = try AttackStage(directory)
        guard let page = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), page != MAP_FAILED
        else { throw .system(SystemError(call: "mmap", number: errno, subject: "a shared page")) }
        // The last number whose commit has returned, written by the child.
        let acknowledged = page.assumingMemoryBound(to: Int.self)
        var last = 0
        for index in 1...count {
            let child = AttackStage.inChild {
                let writer = try StateWriter<BrokerState>(directory: directory, waitingUpTo: .seconds(5))
                for number in (last + 1)... {
                    try writer.commit(StatePattern.broker(number))
                    acknowledged.pointee = number
                }
            }
            // A random moment of its work, not a wait for anything.
            var moment = timespec(tv_sec: 0, tv_nsec: Int.random(in: 200_000...3_000_000))
            nanosleep(&moment, nil)
            kill(child, SIGKILL)
            let end = AttackStage.wait(child)
            stage.expect(end == .signal(SIGKILL), "kill \(index): the writer ended with \(end)")
            let number = stage.seen("kill \(index)") ?? -1
            // A commit may have happened whose return the writer could not note down any more.
            let promised = max(last, acknowledged.pointee)
            stage.expect(
                number == promised || number == promised + 1,
                "kill \(index): \(number) after commit \(promised) had returned"
            )
            stage.check([number], "kill \(index)")
            last = max(last, number)
            guard stage.violations.count < 20 else { break }
        }
        munmap(page, 4096)
        return stage.report("\(count) SIGKILLs during \(last) commits, \(stage.repaired) files needed the repair")
    }
}
