import FoundationEssentials
import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// The real state file between real writers and the server.
    @Suite struct StateWatchTests {
        /// A state directory that goes away with the test.
        final class Directory {
            private let temporary: TemporaryDirectory
            let directory: StateDirectory

            init() throws {
                temporary = try TemporaryDirectory()
                directory = try StateDirectory.prepare(setting: temporary.path)
            }

            var source: StateFileSource {
                let path = temporary.path
                return StateFileSource { () throws(StateError) in try StateDirectory(resolved: path) }
            }

            func remove(_ name: String) { temporary.remove(name) }
        }

        private let path = "/providers/GCP-Secret-Manager/ready"

        private var freshBroker: BrokerState {
            var broker = Situations.broker()
            broker.checked = .now()
            return broker
        }

        /// A server fed by a watch of the directory, as in the real process.
        private func server(_ directory: Directory) throws -> (TestServer, StateWatch) {
            let watch = StateWatch(source: directory.source, supervisedRun: Situations.run, bootID: Situations.boot)
            let box = ServerBox()
            var limits = ServerLimits()
            limits.tick = .milliseconds(20)
            let test = try TestServer(limits: limits) { offLoop in
                if watch.isBehind { offLoop { watch.refresh(box.deliver) } }
                return watch.supervisorTick()
            }
            box.set(test.server)
            try startThread {
                box.waitForServer()
                // As the real process does: what a pulse has read before the box was filled went nowhere.
                box.deliver(watch.view)
                watch.run(box.deliver)
            }
            return (test, watch)
        }

        private func status(_ test: TestServer, becomes status: Int, _ path: String) throws {
            let deadline = TestServer.deadline
            while try test.client.get(path).status != status {
                guard MonotonicTime.now() < deadline else {
                    throw TestSupportError.timedOut(waitingFor: "\(status) from \(path)", received: 0)
                }
            }
        }

        @Test func aCommitReleasesAHeldRequestWithinMilliseconds() throws {
            let directory = try Directory()
            let source = try StateWriter<SourceState>(directory: directory.directory, run: Situations.run)
            let broker = try StateWriter<BrokerState>(directory: directory.directory, run: Situations.run)
            let publication = try StateWriter<PublicationState>(directory: directory.directory, run: Situations.run)
            let (test, _) = try server(directory)
            try source.commit(Situations.source([Situations.desired()]))
            try broker.commit(freshBroker)
            let connection = try test.connect()
            try connection.get("\(path)?wait=60s")
            try test.wait { $0.waiters == 1 }
            let began = MonotonicTime.now()
            try publication.commit(Situations.publication([Situations.published()]))
            #expect(try connection.response().status == 200)
            let took = MonotonicTime.now() - began
            print("commit to answer of a held request: \(took.milliseconds) ms (debug build)")
            #expect(try test.client.get("/readiness").status == 200)
        }

        @Test func theLastGoodStateIsServedWhileTheFileIsGoneAndTheNewOneIsFollowed() throws {
            let directory = try Directory()
            let source = try StateWriter<SourceState>(directory: directory.directory, run: Situations.run)
            let broker = try StateWriter<BrokerState>(directory: directory.directory, run: Situations.run)
            let publication = try StateWriter<PublicationState>(directory: directory.directory, run: Situations.run)
            try source.commit(Situations.source([Situations.desired()]))
            try broker.commit(freshBroker)
            try publication.commit(Situations.publication([Situations.published()]))
            let (test, watch) = try server(directory)
            try status(test, becomes: 200, path)
            directory.remove("state.json")
            watch.refresh { test.server.take($0) }
            #expect(try test.client.get(path).status == 200)
            // A file made anew holds nothing until its owners have written again: what they said still holds.
            source.retryIfNeeded()
            #expect(try test.client.get(path).status == 200)
            // And what is written to the new file is seen, although nobody told the reader of the replacement.
            try source.commit(Situations.source([Situations.desired(sha: Situations.olderSHA, problem: nil)]))
            broker.retryIfNeeded()
            publication.retryIfNeeded()
            let deadline = TestServer.deadline
            while try TestJSON(test.client.get(path).body)["state"]?.string != "stale" {
                guard MonotonicTime.now() < deadline else {
                    Issue.record("the new file was not followed")
                    return
                }
            }
        }

        @Test func aStateOfAnotherRunCountsAsNotWritten() throws {
            let directory = try Directory()
            let broker = try StateWriter<BrokerState>(directory: directory.directory, run: "run-0")
            try broker.commit(Situations.broker(run: "run-0"))
            let (test, watch) = try server(directory)
            watch.refresh { test.server.take($0) }
            try test.server.waitForTurn()
            #expect(try TestJSON(test.client.get("/readiness").body)["reason"]?.string == "starting")
        }

        @Test func aDirectoryThatCannotBeUsedIsNamed() throws {
            let watch = StateWatch(
                source: StateFileSource { () throws(StateError) in try StateDirectory(resolved: "/nowhere/at/all") },
                supervisedRun: Situations.run,
                bootID: Situations.boot
            )
            watch.refresh { _ in }
            #expect(watch.view.problem?.detail.contains("/nowhere/at/all") == true)
            let situation = Situation(
                view: watch.view,
                rules: Situations.rules(),
                isStopping: false,
                now: Situations.now
            )
            #expect(ProbeEvaluation(situation).readiness.reasons.first?.code == .stateNotWritable)
        }
    }
}
