import Glibc
import Shared
import TestSupport
import Testing

/// Proofs that may have become untrue are not taken for true because the broker's heartbeat is well.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StaleProofTests {
    let provider = "/providers/Mail/ready"

    func manager(_ broker: LocalBrokerProcess, in directory: TemporaryDirectory) throws -> ManagerProcess {
        let volume = try KubeletVolume(directory.path + "/mount")
        try volume.publish(ChaosContracts.payload([2: .content(1)]))
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": broker.url, "BROKER_USERNAME": "", "CONFIGMAP_PATH": volume.path,
                "GIT_COMMIT": "abc1234", "CHECK_INTERVAL_SECS": "1",
            ],
            stateDirectory: directory.path + "/state"
        )
        try manager.wait(for: "ready") { manager.get(provider).code == 200 }
        return manager
    }

    @Test func aBrokerThatComesBackEmptyIsReadBeforeAnythingIsSaid() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess()
        let manager = try manager(broker, in: directory)
        try broker.faults(#"{"database_down":true}"#)
        try manager.wait(for: "the database noticed") { manager.get(provider).code == 503 }
        // At once well again, empty, and slow to say so.
        try broker.faults(#"[{"wipe":true},{"hang":2,"paths":"/pacts/latest","count":1}]"#)
        var lies = 0
        try manager.wait(for: "the contract again") {
            // Asked first: what the broker has by then, it had not before.
            let isReady = manager.get(provider).code == 200
            let isThere = try broker.client.get("/_stored").text != "[]"
            if isReady, !isThere { lies += 1 }
            return isReady && isThere
        }
        #expect(lies == 0, "ready was said of an empty broker")
    }

    @Test func aPublisherThatComesBackReadsBeforeItTrustsItsPredecessor() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess()
        let manager = try manager(broker, in: directory)
        let pid = try #require(manager.pid(of: .publisher))
        kill(pid, SIGSTOP)
        try manager.wait(for: "silence noticed") { manager.get(provider).body.contains("publisher_silent") }
        try broker.faults(#"[{"wipe":true},{"hang":2,"paths":"/pacts/latest","count":1}]"#)
        kill(pid, SIGKILL)
        var lies = 0
        try manager.wait(for: "the contract again") {
            let isReady = manager.get(provider).code == 200
            let isThere = try broker.client.get("/_stored").text != "[]"
            if isReady, !isThere { lies += 1 }
            return isReady && isThere
        }
        #expect(lies == 0, "ready was said of an empty broker")
    }

    @Test func readsThatFailForLongAreToldAndAGoodOneEndsThat() throws {
        let directory = try TemporaryDirectory()
        let broker = try LocalBrokerProcess()
        let manager = try manager(broker, in: directory)
        try broker.faults(#"[{"wipe":true},{"status":500,"paths":"/pacts"}]"#)
        let began = MonotonicTime.now()
        try manager.wait(for: "the reads that fail", within: .seconds(10)) {
            let (code, body) = manager.get("/readiness")
            return code == 503 && body.contains("broker_http_error")
        }
        print("reads that fail were told after \((MonotonicTime.now() - began).milliseconds) ms")
        #expect(manager.get(provider).code == 503)
        try broker.clearFaults()
        try manager.wait(for: "ready again", within: .seconds(10)) { manager.get(provider).code == 200 }
        #expect(try broker.client.get("/_stored").text != "[]")
        // A refusal of a few reads, while nothing is to be published: told at once, and over with the next good read.
        try broker.faults(#"{"status":404,"paths":"/pacts/latest","count":3}"#)
        try manager.wait(for: "the refusal", within: .seconds(10)) {
            manager.get("/readiness").body.contains("broker_not_a_broker")
        }
        try manager.wait(for: "its end", within: .seconds(10)) { manager.get("/readiness").code == 200 }
    }
}
