import Shared
import TestSupport
import Testing

@testable import HealthServer

@Suite struct StateInboxTests {
    private func view(tick: UInt32) -> StateView { StateView(snapshot: .empty, problem: nil, tick: tick) }

    @Test func `an idle loop is not woken, and the next request gets the newest view all the same`() {
        let inbox = StateInbox()
        #expect(!inbox.put(view(tick: 1)))
        #expect(!inbox.put(view(tick: 2)))
        let first = inbox.take(after: 0)
        #expect(first?.view.tick == 2)
        #expect(inbox.take(after: first?.number ?? 0) == nil, "nothing new")
    }

    @Test func `while somebody waits the loop is woken for each view`() {
        let inbox = StateInbox()
        inbox.want(true)
        #expect(inbox.put(view(tick: 1)))
        #expect(inbox.put(view(tick: 2)))
        inbox.want(false)
        #expect(!inbox.put(view(tick: 3)))
        #expect(inbox.take(after: 2)?.view.tick == 3)
    }
}

extension ServerTests {
    @Suite struct AttentionTests {
        /// A change that comes between the evaluation of a request and the moment from which the loop is woken.
        @Test func `a view that came just before somebody waited ends the wait`() throws {
            var limits = ServerLimits()
            // No tick comes to the rescue.
            limits.tick = .seconds(3600)
            let test = try TestServer(Situations.sections([Situations.desired()], []), limits: limits)
            let client = try test.client
            for _ in 0..<300 {
                test.take(Situations.sections([Situations.desired()], []))
                let putter = TestThread {
                    for _ in 0..<20 {
                        test.take(Situations.sections([Situations.desired()], [Situations.publishing()]))
                    }
                    test.take(Situations.allPublished)
                }
                let began = MonotonicTime.now()
                let answer = try client.get("/providers/GCP-Secret-Manager/ready?wait=5s")
                putter.join()
                #expect(answer.status == 200)
                guard MonotonicTime.now() - began < .seconds(4) else {
                    Issue.record("it was not told of the change")
                    return
                }
            }
        }
    }
}
