import Logging
import Shared
import Testing

@testable import Watcher

@Suite("The state of a source")
struct SourceStateMachineTests {
    private func machine(_ previous: SourceState? = nil, run: String = "run-1") -> SourceStateMachine {
        SourceStateMachine(run: run, description: "directory /x", previous: previous)
    }

    private func texts(_ outcome: SourceStateMachine.Outcome) -> [String] { outcome.messages.map(\.text) }

    @Test("The first content is committed with its contracts; the same again changes nothing and says nothing")
    func firstContent() throws {
        var machine = machine()
        #expect(machine.state.status == .unread)
        let files = ["a.json": pact("c", "p"), "b.json": pact("c", "q")]
        let outcome = machine.handle(.of(files, since: at(7)), at: noon)
        #expect(outcome.needsCommit)
        #expect(Set(outcome.contents.keys) == Set(machine.state.pairs.compactMap(\.sha256)))
        #expect(machine.state.status == .present)
        #expect(machine.state.changed == at(7))
        #expect(machine.state.readAt == noon.rfc3339)
        #expect(machine.state.revision.count == 64)
        #expect(texts(outcome) == ["desired set changed"])
        #expect(outcome.messages[0].fields["added"] == "2: c/p, c/q")
        let again = machine.handle(.of(files, since: at(9)), at: noon)
        #expect(again == .init())
        #expect(machine.state.changed == at(7))
        #expect(machine.state.counters == .init(reads: 2, readRetries: 0, changes: 1, failures: 0))
    }

    @Test("One line tells what was added, changed and removed")
    func changes() {
        var machine = machine()
        _ = machine.handle(.of(["a.json": pact("c", "p"), "b.json": pact("c", "q")]), at: noon)
        let outcome = machine.handle(
            .of(["a.json": pact("c", "p", "x"), "d.json": pact("d", "r")], since: at(50)),
            at: noon
        )
        #expect(texts(outcome) == ["desired set changed"])
        #expect(
            outcome.messages[0].fields == [
                "pairs": "2", "keys": "2", "added": "1: d/r", "changed": "1: c/p", "removed": "1: c/q",
            ]
        )
        #expect(machine.state.changed == at(50))
        #expect(machine.state.events.last?.fields == outcome.messages[0].fields)
    }

    @Test("An invalid key is told once, again when its reason changes, and not when others change")
    func invalidKeys() {
        var machine = machine()
        let good = pact("c", "p")
        let first = machine.handle(.of(["a.json": broken, "b.json": good]), at: noon)
        #expect(texts(first) == ["desired set changed", "key holds no valid contract"])
        #expect(first.messages[1].level == .warning)
        #expect(first.messages[1].fields["key"] == "a.json")
        #expect(first.messages[1].fields["line"] == "1")
        let second = machine.handle(.of(["a.json": broken, "b.json": good, "c.json": pact("c", "q")]), at: noon)
        #expect(texts(second) == ["desired set changed"])
        let third = machine.handle(.of(["a.json": "[]", "b.json": good, "c.json": pact("c", "q")]), at: noon)
        #expect(texts(third) == ["key holds no valid contract"])
        #expect(machine.state.invalidCount == 1)
        let mended = machine.handle(
            .of(["a.json": pact("d", "p"), "b.json": good, "c.json": pact("c", "q")]),
            at: noon
        )
        #expect(texts(mended) == ["desired set changed", "key is no longer invalid"])
        #expect(mended.messages.last?.fields == ["key": "a.json"])
    }

    @Test("A contract that turns invalid is told with what stays, in one line")
    func kept() {
        var machine = machine()
        _ = machine.handle(.of(["a.json": pact("c", "p")]), at: noon)
        let revision = machine.state.revision
        let outcome = machine.handle(.of(["a.json": broken], since: at(100)), at: noon)
        #expect(outcome.needsCommit)
        #expect(machine.state.revision == revision)
        #expect(machine.state.changed == at(0), "the desired set did not change")
        #expect(machine.state.pairs[0].problem != nil)
        #expect(texts(outcome) == ["desired set changed", "key holds no valid contract"])
        #expect(outcome.messages[1].fields["kept"] == "last good content of c/p")
    }

    @Test("A conflict is told once")
    func conflict() {
        var machine = machine()
        let files = ["a.json": pact("c", "p"), "b.json": pact("c", "p", status: 500)]
        let outcome = machine.handle(.of(files), at: noon)
        #expect(texts(outcome) == ["desired set changed", "contract cannot be used"])
        let more = machine.handle(.of(files.merging(["c.json": pact("x", "y")]) { a, _ in a }), at: noon)
        #expect(texts(more) == ["desired set changed"])
    }

    @Test("Never there: missing. Gone after a reading: lost, with the last good set. Back: present")
    func missingAndLost() {
        var machine = machine()
        let missing = machine.handle(.absent("CONFIGMAP_PATH=/x does not exist"), at: noon)
        #expect(missing.needsCommit)
        #expect(machine.state.status == .missing)
        #expect(machine.state.detail == "CONFIGMAP_PATH=/x does not exist")
        #expect(texts(missing) == ["contract source is missing; waiting for it"])
        #expect(machine.handle(.absent("CONFIGMAP_PATH=/x does not exist"), at: noon) == .init())
        let files = ["a.json": pact("c", "p")]
        #expect(texts(machine.handle(.of(files), at: noon)) == ["contract source is there", "desired set changed"])
        let revision = machine.state.revision
        let lost = machine.handle(.absent("gone"), at: noon)
        #expect(machine.state.status == .lost)
        #expect(machine.state.pairs.count == 1)
        #expect(machine.state.revision == revision)
        #expect(texts(lost) == ["contract source is lost; its last good contracts stay desired"])
        let back = machine.handle(.of(files, since: at(500)), at: noon)
        #expect(machine.state.status == .present)
        #expect(machine.state.detail == nil)
        #expect(machine.state.revision == revision)
        #expect(machine.state.changed == at(0))
        #expect(texts(back) == ["contract source is there"])
        #expect(machine.state.counters.failures == 3)
    }

    @Test("An emptied source is present with nothing desired, and that is a warning")
    func emptied() {
        var machine = machine()
        _ = machine.handle(.of(["a.json": pact("c", "p")]), at: noon)
        let outcome = machine.handle(.of([:]), at: noon)
        #expect(machine.state.status == .present)
        #expect(machine.state.pairs.isEmpty)
        #expect(outcome.messages.map(\.level) == [.warning])
        #expect(outcome.messages[0].fields["removed"] == "1: c/p")
    }

    @Test("A reading that never settled changes nothing but the counters")
    func unsettled() {
        var machine = machine()
        _ = machine.handle(.of(["a.json": pact("c", "p")]), at: noon)
        let before = machine.state
        let reading = SourceReading(outcome: .unsettled(reason: "changed"), since: at(1), retries: 50)
        #expect(!machine.handle(reading, at: noon).needsCommit)
        #expect(machine.state.saysTheSame(as: before))
        #expect(machine.state.counters.readRetries == 50)
    }

    @Test("Warnings of the source are told when they come and when they go")
    func warnings() {
        var machine = machine()
        var reading = SourceReading.of(["a.json": pact("c", "p")])
        reading.warnings = ["no inotify"]
        #expect(texts(machine.handle(reading, at: noon)) == ["desired set changed", "contract source needs attention"])
        #expect(machine.state.warnings == ["no inotify"])
        #expect(machine.handle(reading, at: noon) == .init())
        reading.warnings = []
        #expect(texts(machine.handle(reading, at: noon)) == ["contract source needs no more attention"])
    }

    @Test("A watcher restarted in the same run knows the last good contents")
    func sameRun() throws {
        var first = machine()
        _ = first.handle(.of(["a.json": pact("c", "p")]), at: noon)
        _ = first.handle(.of(["a.json": broken]), at: noon)
        var second = machine(first.state)
        #expect(second.state.status == .present)
        let outcome = second.handle(.of(["a.json": broken]), at: noon)
        #expect(second.state.pairs == first.state.pairs)
        #expect(second.state.pairs[0].sha256 != nil)
        #expect(!outcome.needsCommit)
        #expect(outcome.messages.isEmpty, "nothing is told twice in a run")
        var third = machine(first.state)
        #expect(third.handle(.absent(), at: noon).needsCommit)
        #expect(third.state.status == .lost)
    }

    @Test("A watcher of another run starts from nothing")
    func otherRun() {
        var first = machine()
        _ = first.handle(.of(["a.json": pact("c", "p")]), at: noon)
        var second = machine(first.state, run: "run-2")
        #expect(second.state == SourceState(run: "run-2", description: "directory /x", status: .unread))
        _ = second.handle(.of(["a.json": broken]), at: noon)
        #expect(second.state.pairs.isEmpty)
        var third = machine(first.state, run: "run-2")
        _ = third.handle(.absent(), at: noon)
        #expect(third.state.status == .missing)
    }

    @Test("Missing stored contracts are given again although nothing changed")
    func needsContents() {
        var machine = machine()
        let reading = SourceReading.of(["a.json": pact("c", "p")])
        _ = machine.handle(reading, at: noon)
        #expect(machine.handle(reading, at: noon).contents.isEmpty)
        let outcome = machine.handle(reading, needsContents: true, at: noon)
        #expect(outcome.contents.count == 1)
        #expect(!outcome.needsCommit)
    }

    @Test("Lists are capped, counts are not")
    func caps() {
        var files: [String: String] = [:]
        for index in 0..<150 { files["\(1000 + index).json"] = broken }
        var content = SourceContent.of(files)
        content.unlistedCount = 7
        content.ignoredCount = 30
        var machine = machine()
        let outcome = machine.handle(SourceReading(outcome: .content(content), since: at(0)), at: noon)
        #expect(machine.state.invalid.count == 100)
        #expect(machine.state.invalidCount == 157)
        #expect(machine.state.ignoredCount == 30)
        #expect(machine.state.keys == 157)
        #expect(outcome.messages.count == 101)
        #expect(machine.state.events.count <= StateLimits.events)
    }
}
