import Logging
import Shared
import Testing

@testable import Watcher

@Suite("The state of a source that is followed through the API")
struct UnchangedReadingTests {
    private let api = SourceReading.Origin.api("ConfigMap pact/contracts")

    private func machine() -> SourceStateMachine {
        SourceStateMachine(run: "run-1", description: "ConfigMap pact/contracts", previous: nil)
    }

    private func reading(_ outcome: SourceReading.Outcome, since: MonotonicTime = at(0), lost: String? = nil)
        -> SourceReading
    {
        var reading = SourceReading(outcome: outcome, since: since)
        reading.origin = api
        reading.lostReason = lost
        return reading
    }

    private func followed() -> SourceStateMachine {
        var machine = machine()
        _ = machine.handle(reading(.content(.of(["a.json": pact("c", "p")]))), at: noon)
        return machine
    }

    @Test("The first content sets where it comes from")
    func origin() {
        let machine = followed()
        #expect(machine.state.status == .present)
        #expect(machine.state.origin == SourceState.apiOrigin)
        #expect(machine.state.description == "ConfigMap pact/contracts")
    }

    @Test("Unchanged: nothing is committed, counted or said; what the source has to log is passed on")
    func unchanged() {
        var machine = followed()
        let before = machine.state
        var same = reading(.unchanged, since: at(500))
        #expect(machine.handle(same, at: noon) == .init())
        #expect(machine.state == before)
        let message = WatcherMessage(.debug, "x")
        same.messages = [message]
        #expect(machine.handle(same, at: noon) == .init(messages: [message]))
        var silent = SourceReading(outcome: .unchanged, since: at(600))
        silent.warnings = ["not to be shown"]
        #expect(machine.handle(silent, at: noon) == .init())
        #expect(machine.state == before)
    }

    @Test("Unchanged before anything was read: the state of the ConfigMaps is shown, the source stays unread")
    func unchangedUnread() {
        var machine = machine()
        var waiting = SourceReading(outcome: .unchanged, since: at(0))
        waiting.configMaps = [ConfigMapState(namespace: "pact", name: "contracts")]
        #expect(machine.handle(waiting, at: noon).needsCommit)
        #expect(machine.state.status == .unread)
        #expect(machine.state.configMaps.count == 1)
        _ = machine.handle(reading(.unchanged), at: noon)
        #expect(machine.state.status == .unread)
        #expect(machine.state.counters.reads == 0)
        #expect(!machine.handle(reading(.unchanged), at: noon).needsCommit)
    }

    @Test("Lost and found without new content: one commit and one line each, the desired set stays")
    func lost() {
        var machine = followed()
        let revision = machine.state.revision
        let lost = machine.handle(reading(.unchanged, lost: "the API forbids it"), at: noon)
        #expect(lost.needsCommit)
        #expect(lost.contents.isEmpty)
        #expect(lost.messages.map(\.text) == ["contract source is lost; its last good contracts stay desired"])
        #expect(machine.state.status == .lost)
        #expect(machine.state.detail == "the API forbids it")
        #expect(machine.state.pairs.count == 1)
        #expect(machine.handle(reading(.unchanged, lost: "the API forbids it"), at: noon) == .init())
        let found = machine.handle(reading(.unchanged), at: noon)
        #expect(found.needsCommit)
        #expect(machine.state.status == .present)
        #expect(machine.state.detail == nil)
        #expect(machine.state.revision == revision)
        #expect(machine.state.changed == at(0))
        #expect(found.messages.first?.text == "contract source is there")
    }

    @Test("Lost with content: what is new of the others is taken, and it is lost all the same")
    func lostWithContent() {
        var machine = followed()
        let content = SourceContent.of(["a.json": pact("c", "p"), "b.json": pact("c", "q")])
        let outcome = machine.handle(reading(.content(content), since: at(9), lost: "one is forbidden"), at: noon)
        #expect(outcome.needsCommit)
        #expect(machine.state.status == .lost)
        #expect(machine.state.detail == "one is forbidden")
        #expect(machine.state.pairs.count == 2)
        #expect(machine.state.changed == at(9))
        #expect(Set(outcome.contents.keys) == Set(machine.state.pairs.compactMap(\.sha256)))
    }

    @Test(
        "Only an annotation, or the same content under another version or uid: no commit, no new revision, no contents"
    )
    func sameContent() {
        var driver = WatchDriver.watching()
        var machine = machine()
        func content(_ driver: WatchDriver) -> SourceReading {
            var reading = reading(.content(ConfigMapContent([driver.watch]).content), since: at(77))
            reading.configMaps = []
            return reading
        }
        _ = machine.handle(content(driver), at: noon)
        let before = machine.state
        let annotated = #","annotations":{"note":"x"}"#
        for next in [
            ConfigMapObject.sample(version: "30", extra: annotated), .sample(version: "31"),
            .sample(version: "32", uid: "u2"),
        ] {
            #expect(driver.send(.event(.modified(next))) == ["deliver"])
            #expect(machine.handle(content(driver), at: noon) == .init())
            #expect(machine.state.revision == before.revision)
            #expect(machine.state.changed == before.changed)
        }
        driver.send(.event(.modified(.sample(version: "33", data: "{}"))))
        #expect(machine.handle(content(driver), at: noon).needsCommit)
    }

    @Test("From the directory to the API with the same content: one commit for the origin, the same revision")
    func fromDirectory() {
        var machine = machine()
        var standIn = SourceReading.of(["a.json": pact("c", "p")])
        standIn.origin = .directory("directory /pact-contracts", insteadOf: "forbidden")
        standIn.warnings = ["the Kubernetes API cannot be used"]
        _ = machine.handle(standIn, at: noon)
        #expect(machine.state.origin == "directory (API: forbidden)")
        #expect(machine.state.description == "directory /pact-contracts")
        #expect(machine.state.detail == "the Kubernetes API cannot be used")
        let revision = machine.state.revision
        let outcome = machine.handle(reading(.content(.of(["a.json": pact("c", "p")])), since: at(900)), at: noon)
        #expect(outcome.needsCommit)
        #expect(machine.state.origin == SourceState.apiOrigin)
        #expect(machine.state.warnings.isEmpty)
        #expect(machine.state.detail == nil)
        #expect(machine.state.revision == revision)
        #expect(machine.state.changed == at(0))
        #expect(
            outcome.messages.map(\.text) == [
                "contracts come from elsewhere now", "contract source needs no more attention",
            ]
        )
    }

    @Test("A restarted watcher says what its predecessor said until the API has answered")
    func restarted() {
        let first = followed()
        var second = SourceStateMachine(run: "run-1", description: "ConfigMap pact/contracts", previous: first.state)
        var waiting = SourceReading(outcome: .unchanged, since: at(0))
        waiting.configMaps = first.state.configMaps
        #expect(!second.handle(waiting, at: noon).needsCommit)
        #expect(second.state.pairs == first.state.pairs)
        #expect(second.state.origin == SourceState.apiOrigin)
        let same = second.handle(reading(.content(.of(["a.json": pact("c", "p")]))), at: noon)
        #expect(!same.needsCommit)
        #expect(second.state.revision == first.state.revision)
        let lost = second.handle(reading(.absent(reason: "no answer")), at: noon)
        #expect(lost.needsCommit)
        #expect(second.state.status == .lost)
        #expect(second.state.pairs.count == 1)
    }
}
