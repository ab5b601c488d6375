import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    @Suite struct LongPollTests {
        private let path = "/providers/GCP-Secret-Manager/ready"

        @Test func aHeldRequestIsAnsweredWhenTheContractIsPublished() throws {
            let test = try TestServer(Situations.sections([Situations.desired()], []))
            let connection = try test.connect()
            try connection.get("\(path)?wait=60s")
            try test.wait { $0.waiters == 1 }
            // A view that changes nothing for it does not end the wait.
            test.take(Situations.sections([Situations.desired()], [Situations.publishing()]))
            #expect(try test.server.load().waiters == 1)
            test.take(Situations.allPublished)
            let response = try connection.response()
            #expect(response.status == 200)
            #expect(try TestJSON(response.body)["ready"]?.bool == true)
            #expect(try test.server.load().waiters == 0)
            // And the connection goes on.
            try connection.get("/liveness")
            #expect(try connection.response().status == 200)
        }

        @Test func everyHeldRequestIsAnsweredAtOnceWhenTheManagerStops() throws {
            let sections = Situations.sections([Situations.desired()], [])
            let test = try TestServer(sections)
            let connection = try test.connect()
            try connection.get("\(path)?wait=300s")
            try test.wait { $0.waiters == 1 }
            test.take(Situations.changed(sections) { $0.processes = Situations.processes(stopping: true) })
            let response = try connection.response()
            #expect(response.status == 503)
            #expect(try TestJSON(response.body)["reason"]?.string == "stopping")
            // And nobody is held any more.
            #expect(try test.client.get("\(path)?wait=300s").status == 503)
            #expect(try test.server.load().waiters == 0)
        }

        @Test func aProviderThatIsNotKnownYetCanBeWaitedFor() throws {
            let test = try TestServer(Situations.sections([], []))
            #expect(try test.client.get(path).status == 404)
            let connection = try test.connect()
            try connection.get("\(path)?wait=60s")
            try test.wait { $0.waiters == 1 }
            test.take(Situations.allPublished)
            #expect(try connection.response().status == 200)
        }

        @Test func whenTheTimeIsUpWhatHoldsThenIsAnswered() throws {
            let test = try TestServer(Situations.sections([], []))
            let began = MonotonicTime.now()
            #expect(try test.client.get("\(path)?wait=100ms").status == 404)
            #expect(MonotonicTime.now() - began >= .milliseconds(100))
            test.take(Situations.sections([Situations.desired()], []))
            let pending = try test.client.get("\(path)?wait=50ms")
            #expect(pending.status == 503)
            #expect(try TestJSON(pending.body)["reason"]?.string == "pending")
            #expect(try test.server.load().waiters == 0)
        }

        @Test func whatIsReadyOrAskedWithoutWaitIsNeverHeld() throws {
            let test = try TestServer(Situations.allPublished)
            #expect(try test.client.get("\(path)?wait=300s").status == 200)
            #expect(try test.client.get("/providers/Nobody/ready").status == 404)
            #expect(try test.client.get("/providers/Nobody/ready?wait=0").status == 404)
            #expect(try test.server.load().waiters == 0)
        }

        @Test func whoWaitsForARevisionIsReleasedByItAlone() throws {
            let stale = Situations.sections([Situations.desired()], [Situations.published(sha: Situations.olderSHA)])
            let test = try TestServer(Situations.sections([Situations.desired()], []))
            let forRevision = try test.connect()
            let forAny = try test.connect()
            try forRevision.get("\(path)?wait=60s&revision=a1a1a1a1")
            try forAny.get("\(path)?wait=60s")
            try test.wait { $0.waiters == 2 }
            test.take(stale)
            #expect(try TestJSON(forAny.response().body)["state"]?.string == "stale")
            #expect(try test.server.load().waiters == 1)
            test.take(Situations.allPublished)
            #expect(try TestJSON(forRevision.response().body)["state"]?.string == "published")
        }

        @Test func oneWhoHangsUpFreesItsPlace() throws {
            let test = try TestServer()
            var connection: TestConnection? = try test.connect()
            try connection?.get("\(path)?wait=300s")
            try test.wait { $0.waiters == 1 }
            connection = nil
            try test.wait { $0.waiters == 0 && $0.connections == 0 }
        }

        @Test func oneWhoStopsSendingIsAnsweredAtOnce() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.get("\(path)?wait=300s")
            connection.finishWriting()
            #expect(try connection.response().status == 503)
            #expect(try test.server.load().waiters == 0)
        }

        /// Requests that were sent ahead do not hide that nobody waits any more; they are answered too.
        @Test func oneWhoSentAheadAndStopsSendingIsAnsweredAtOnce() throws {
            let test = try TestServer()
            let connection = try test.connect()
            try connection.get("\(path)?wait=300s")
            try connection.get("\(path)?wait=299s")
            try connection.get("/liveness")
            try test.wait { $0.waiters == 1 }
            connection.finishWriting()
            #expect(try connection.response().status == 503)
            #expect(try connection.response().status == 503)
            #expect(try connection.response().status == 200)
            #expect(try connection.untilClosed().isEmpty)
            #expect(try test.server.load().waiters == 0)
        }

        @Test func hundredsWaitAndAreReleasedByOneChange() throws {
            let test = try TestServer(Situations.sections([Situations.desired()], []))
            let connections = try (0..<384).map { _ in try test.connect() }
            for connection in connections { try connection.get("\(path)?wait=300s") }
            try test.wait { $0.waiters == 384 }
            // One more finds no place and is told so at once.
            let refused = try test.client.get("\(path)?wait=300s")
            #expect(refused.status == 503)
            #expect(refused.header("Wait-Refused") != nil)
            #expect(try test.client.get("/liveness").status == 200)
            test.take(Situations.allPublished)
            for connection in connections { #expect(try connection.response().status == 200) }
            #expect(try test.server.load().waiters == 0)
            let held = try test.client.get("\(path)?wait=300s")
            #expect(held.header("Wait-Refused") == nil)
        }

        @Test func stoppingAnswersEverybodyWhoWaits() throws {
            let test = try TestServer(Situations.sections([Situations.desired()], []))
            let waiting = try (0..<20).map { _ in try test.connect() }
            for connection in waiting { try connection.get("\(path)?wait=300s") }
            let idle = try test.connect()
            try idle.get("/liveness")
            #expect(try idle.response().status == 200)
            try test.wait { $0.waiters == 20 && $0.connections == 21 }
            let began = MonotonicTime.now()
            test.server.stop()
            #expect(MonotonicTime.now() - began < .seconds(10), "and not when the 300 s are over")
            for connection in waiting {
                let response = try connection.response()
                #expect(response.status == 503)
                #expect(response.header("Connection") == "close")
                #expect(try TestJSON(response.body)["reason"]?.string == "stopping")
                #expect(try connection.untilClosed().isEmpty)
            }
            #expect(try idle.untilClosed().isEmpty)
            #expect(throws: TestSupportError.self) { try test.client.get("/liveness") }
        }
    }
}
