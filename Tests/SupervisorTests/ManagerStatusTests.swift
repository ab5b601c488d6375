import Shared
import Testing

@testable import Supervisor

/// The first line of `manager status`: what it says, and what it must not leave out.
@Suite struct ManagerStatusTests {
    private func verdict(_ states: [PairState], invalidFiles: Int = 0) -> String {
        var status = ManagerStatus(isRunning: true, now: MonotonicTime(milliseconds: 0), time: "now")
        status.stateDirectory = "/state"
        var source = SourceState(run: "run", description: "directory /c", status: .present)
        var publication = PublicationState(run: "run")
        for (index, state) in states.enumerated() {
            let sha = state == .invalid ? nil : "new"
            source.pairs.append(DesiredPair(consumer: "c\(index)", provider: "p", sha256: sha))
            var pair = PublishedPair(consumer: "c\(index)", provider: "p")
            switch state {
            case .published: pair.verifiedSHA256 = "new"
            case .superseded:
                pair.verifiedSHA256 = "new"
                pair.superseded = PublishedPair.Superseded(version: "other", createdAt: nil)
            case .stale: pair.verifiedSHA256 = "old"
            case .failed:
                pair.failure = PublishedPair.Failure(sha256: "new", kind: "rejected", httpStatus: 422, reason: "no")
            case .publishing: pair.publishingSHA256 = "new"
            case .pending, .invalid: break
            }
            publication.pairs.append(pair)
        }
        source.invalidCount = invalidFiles
        status.source = source
        status.broker = BrokerState(run: "run", url: "http://b", status: .ready)
        status.publication = publication
        status.evaluate()
        #expect(status.pairStates == states)
        return status.verdict
    }

    @Test func saysInOneLineWhatIsThereAndWhatIsNot() {
        #expect(verdict([]) == "the source holds no contract")
        #expect(verdict([.published]) == "the only contract is in the broker")
        #expect(verdict([.published, .published]) == "all 2 contracts are in the broker")
        let files = "all 2 contracts are in the broker; 3 files are no valid contract"
        #expect(verdict([.published, .published], invalidFiles: 3) == files)
        let stale = "1 of 2 contracts is in the broker; 1 not in its newest revision; 1 file is no valid contract"
        #expect(verdict([.published, .stale], invalidFiles: 1) == stale)
        #expect(verdict([.stale]) == "0 of 1 contract is in the broker; 1 not in its newest revision")
        let mixed =
            "2 of 6 contracts are in the broker; 1 refused; 1 being published; 1 pending; 1 without valid content; "
            + "1 superseded by somebody else's later version"
        #expect(verdict([.published, .failed, .publishing, .pending, .invalid, .superseded]) == mixed)
    }

    @Test func namesThePlacesWhereARefusedContractDiffers() {
        var status = ManagerStatus(isRunning: true, now: MonotonicTime(milliseconds: 0), time: "now")
        var source = SourceState(run: "run", description: "directory /c", status: .present)
        source.pairs = [DesiredPair(consumer: "shop", provider: "orders", sha256: "new")]
        var pair = PublishedPair(consumer: "shop", provider: "orders")
        pair.failure = PublishedPair.Failure(
            sha256: "new",
            kind: "conflict",
            httpStatus: 409,
            reason: "other content",
            jsonPaths: ["$.interactions[*].request.path", "$.metadata"]
        )
        status.source = source
        status.publication = PublicationState(run: "run")
        status.publication?.pairs = [pair]
        status.evaluate()
        let row = StatusText.lines(status).first { $0.contains("orders") } ?? ""
        #expect(row.hasSuffix("other content (differs at $.interactions[*].request.path, $.metadata)"), "\(row)")
    }

    @Test func doesNotSayThatNobodyRunsWhereItCannotTell() {
        var status = ManagerStatus(isRunning: false, now: MonotonicTime(milliseconds: 0), time: "now")
        status.evaluate()
        #expect(status.verdict == "no manager is running here" && status.exitCode == .notRunning)
        status.obstacle = "/state may not be read by uid 7"
        status.evaluate()
        #expect(status.verdict == "whether a manager is running cannot be told: /state may not be read by uid 7")
        #expect(status.exitCode == .systemFailure)
        status.isRunning = true
        status.holder = "pid 12"
        status.evaluate()
        #expect(status.verdict.hasPrefix("a manager is running (pid 12), but has no state: /state may not be read"))
        #expect(status.exitCode == .success)
    }
}
