import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite struct MemoryPlanTests {
    @Test(arguments: [nil, (4 << 30) + 1] as [UInt64?])
    func givesFixedLimitsWithoutATightContainer(container: UInt64?) {
        let plan = MemoryPlan(setting: .auto, container: container)
        #expect(plan.limits == [.publisher: 512 << 20, .watcher: 512 << 20, .healthServer: 256 << 20])
    }

    @Test func sharesATightContainer() {
        let plan = MemoryPlan(setting: .auto, container: 1000 << 20)
        #expect(plan.limits[.publisher] == (1000 << 20) / 100 * 45)
        #expect(plan.limits.values.reduce(0, +) < 1000 << 20)
        let least = MemoryPlan(setting: .auto, container: 96 << 20)
        #expect(least.limits == [.publisher: (96 << 20) / 100 * 45, .watcher: 32 << 20, .healthServer: 32 << 20])
        #expect(least.warning == nil)
    }

    @Test func switchesOffBelowNinetySixMebibytesAndSaysSo() {
        let plan = MemoryPlan(setting: .auto, container: 64 << 20)
        #expect(plan.limits.isEmpty)
        #expect(plan.warning?.contains("64 MiB") == true)
    }

    @Test func obeysTheSetting() {
        #expect(MemoryPlan(setting: .off, container: 1 << 30).limits.isEmpty)
        #expect(MemoryPlan(setting: .bytes(64 << 20), container: 1 << 20).limits[.watcher] == 64 << 20)
    }
}
