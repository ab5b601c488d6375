import Shared
import Testing

@testable import Watcher

@Suite("When a directory is read")
struct DirectoryScheduleTests {
    /// A schedule that has read once, at 0 ms.
    private func idle() -> DirectorySchedule {
        var schedule = DirectorySchedule(now: at(0))
        schedule.didRead(isUnsettled: false, now: at(0))
        return schedule
    }

    @Test("At once at the start")
    func start() {
        #expect(DirectorySchedule(now: at(0)).action(now: at(0)) == .read(since: at(0)))
    }

    @Test("At once after a swap, whatever follows it")
    func swap() {
        var schedule = idle()
        schedule.handle(.swapped, now: at(100))
        schedule.handle(.changed, now: at(101))
        #expect(schedule.deadline == at(100))
        #expect(schedule.action(now: at(101)) == .read(since: at(100)))
    }

    @Test("After a change when it has been quiet for 75 ms; the change began with its first sign")
    func settles() {
        var schedule = idle()
        for time in [100, 150, 200] as [Int64] { schedule.handle(.changed, now: at(time)) }
        #expect(schedule.action(now: at(274)) == .wait)
        #expect(schedule.deadline == at(275))
        #expect(schedule.action(now: at(275)) == .read(since: at(100)))
    }

    @Test("A swap while a change settles is read at once, and counts from the change's first sign")
    func swapWhileSettling() {
        var schedule = idle()
        schedule.handle(.changed, now: at(100))
        schedule.handle(.swapped, now: at(110))
        #expect(schedule.action(now: at(110)) == .read(since: at(100)))
    }

    @Test("A writer that never stops gets a reading a second")
    func longest() {
        var schedule = idle()
        var readings: [Int64] = []
        for time in stride(from: 100, through: 5_100, by: 10) as StrideThrough<Int64> {
            schedule.handle(.changed, now: at(time))
            if case .read = schedule.action(now: at(time)) {
                readings.append(time)
                schedule.didRead(isUnsettled: true, now: at(time))
            }
        }
        #expect(readings == [1_100, 2_100, 3_100, 4_100, 5_100])
    }

    @Test("What was being written is read again, ever more slowly")
    func unsettled() {
        var schedule = idle()
        schedule.handle(.changed, now: at(0))
        var now = at(75)
        var pauses: [Int64] = []
        for _ in 0..<6 {
            #expect(schedule.action(now: now) == .read(since: at(0)))
            schedule.didRead(isUnsettled: true, now: now)
            pauses.append((schedule.deadline - now).milliseconds)
            now = schedule.deadline
        }
        #expect(pauses == [75, 150, 300, 600, 1000, 1000])
        schedule.didRead(isUnsettled: false, now: now)
        #expect(schedule.action(now: now + .seconds(4)) == .wait)
    }

    @Test("A look every 5 s, a reading every 60 s")
    func polls() {
        var schedule = idle()
        var looks: [Int64] = []
        for second in 1...60 {
            let now = at(Int64(second) * 1000)
            switch schedule.action(now: now) {
            case .look:
                looks.append(Int64(second))
                schedule.didLook(.none, now: now)
            case .read(let since):
                #expect(second == 60)
                #expect(since == now)
            case .wait: break
            }
        }
        #expect(looks == stride(from: 5, through: 55, by: 5).map { $0 })
    }

    @Test("What a look finds is read as if an event had told it")
    func looked() {
        var schedule = idle()
        schedule.didLook(.changed, now: at(5_000))
        #expect(schedule.action(now: at(5_000)) == .wait)
        #expect(schedule.action(now: at(5_075)) == .read(since: at(5_000)))
        schedule = idle()
        schedule.didLook(.swapped, now: at(5_000))
        #expect(schedule.action(now: at(5_000)) == .read(since: at(5_000)))
    }
}
