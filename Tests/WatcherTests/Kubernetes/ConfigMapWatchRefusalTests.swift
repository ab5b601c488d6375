import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("A watch of a ConfigMap: what refuses it, and when it is tried again")
struct ConfigMapWatchRefusalTests {
    private let cut = ConfigMapWatch.Input.ended(.failed(TransportError(.disconnected, "cut")))

    /// One that is about to resume from version 20.
    private func resuming() -> WatchDriver {
        var driver = WatchDriver.watching()
        driver.send(.ended(.clean))
        return driver
    }

    @Test("Waits double from 0.8 s to 30 s, each between half and all of it, and begin anew after a good watch")
    func backoff() {
        for (random, waits) in [
            (0.0, [400, 800, 1600, 3200, 6400, 12800, 15000, 15000]),
            (1.0, [800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]),
        ] as [(Double, [Int64])] {
            var driver = WatchDriver()
            driver.random = random
            driver.send(.time)
            for wait in waits {
                #expect(driver.send(.ended(.failed(TransportError(.refused, "nobody")))) == ["cancel"])
                #expect(driver.wait == .milliseconds(wait))
                #expect(driver.watch.state.connection == .waiting)
                let isEarly = driver.pass(.milliseconds(wait - 1))
                #expect(isEarly == [])
                #expect(driver.pass(.milliseconds(1)) == ["watch initial new"])
            }
            driver.send(.opened)
            driver.send(.event(.bookmark(resourceVersion: "5", isInitialEnd: true)))
            #expect(driver.watch.state.problem == nil)
            #expect(driver.watch.state.problemSince == nil)
            driver.now = driver.now + .seconds(2)
            #expect(driver.send(cut) == ["cancel", "watch 5 new"])
            driver.send(.ended(.failed(TransportError(.refused, "nobody"))))
            #expect(driver.wait == .milliseconds(waits[0]))
        }
    }

    @Test("A problem is dated from its beginning, not from the last attempt")
    func problemSince() {
        var driver = resuming()
        driver.send(.ended(.failed(TransportError(.refused, "nobody"))))
        let since = driver.now
        driver.passToDeadline()
        _ = driver.answer(403, statusJSON(403, "Forbidden"))
        #expect(driver.watch.state.problem?.code == "forbidden")
        #expect(driver.watch.state.problemSince == since)
    }

    @Test("HTTP answers: what may be the version's fault drops it, the rest keeps it")
    func versions() {
        for (status, version) in [
            (400, nil), (404, nil), (500, nil), (502, nil), (504, nil), (301, nil), (422, nil), (401, "20"),
            (403, "20"),
            (429, "20"), (503, "20"),
        ] as [(Int, String?)] {
            var driver = resuming()
            let actions = driver.answer(status, "x")
            #expect(actions == (status == 401 ? ["cancel", "refresh"] : ["cancel"]), "\(status)")
            #expect(driver.watch.resumeVersion == version, "\(status)")
            #expect(driver.wait == .milliseconds(600), "\(status)")
            #expect(driver.text == "old", "the last good one stays")
        }
    }

    @Test("HTTP 410, by status or by what its body says: the state anew, at once")
    func gone() {
        for (status, body) in [(410, ""), (500, statusJSON(410, "Expired")), (400, statusJSON(0, "Gone"))] {
            var driver = resuming()
            #expect(driver.answer(status, body) == ["cancel", "watch initial"])
        }
    }

    @Test(
        "Retry-After is obeyed where it is longer than our own wait, up to 300 s",
        arguments: [
            ("1", 1000), ("0", 600), ("5", 5000), ("299", 299_000), ("301", 300_000), ("99999999", 300_000),
            ("9223372036854775807", 300_000), ("99999999999999999999", 600), ("-4", 600), ("soon", 600), ("", 600),
            ("Wed, 21 Oct 2026 07:28:00 GMT", 600),
        ] as [(String, Int64)]
    )
    func retryAfter(_ value: String, _ wait: Int64) {
        for status in [429, 503] {
            var driver = resuming()
            #expect(driver.answer(status, "busy", headers: [("Retry-After", value)]) == ["cancel"])
            #expect(driver.wait == .milliseconds(wait))
        }
    }

    @Test("401: the token is read again; another one is tried at once, the same one after the wait")
    func credentials() {
        var driver = resuming()
        #expect(driver.answer(401, statusJSON(401, "Unauthorized")) == ["cancel", "refresh"])
        #expect(driver.wait == .milliseconds(600))
        #expect(driver.send(.credentialsChanged) == ["watch 20"])
        _ = driver.answer(401)
        #expect(driver.pass(.milliseconds(1199)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["watch 20"])
        #expect(driver.send(.credentialsChanged) == [], "one is under way")
        _ = driver.answer(503)
        #expect(driver.send(.credentialsChanged) == [], "that was not about the token")
        var watching = WatchDriver.watching()
        #expect(watching.send(.credentialsChanged) == [], "an open watch lives on with the old token")
    }

    @Test("No head within 20 s: another connection after a wait")
    func headTimeout() {
        var driver = resuming()
        #expect(driver.watch.deadline == driver.now + .seconds(20))
        #expect(driver.pass(.milliseconds(19_999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["cancel"])
        #expect(driver.watch.state.problem?.code == "timeout")
        #expect(driver.passToDeadline() == ["watch 20 new"])
    }

    @Test("An end before the initial state is complete is a failure, however long it took")
    func endWhileSynchronizing() {
        for end in [ConfigMapWatch.Input.ended(.clean), cut] {
            var driver = WatchDriver()
            driver.send(.time)
            driver.send(.opened)
            driver.now = driver.now + .seconds(4)
            #expect(driver.send(end) == ["cancel"])
            #expect(driver.wait == .milliseconds(600))
            #expect(!driver.watch.isAnswered)
        }
    }

    @Test("Every answer leaves something to wait for")
    func alwaysSomething() {
        for status in [200, 204, 301, 400, 401, 403, 404, 410, 418, 422, 429, 500, 502, 503, 504] {
            var driver = resuming()
            let actions = driver.answer(status, "?")
            let isUnderWay = actions.contains { $0.hasPrefix("watch") || $0 == "list" }
            #expect(isUnderWay || driver.watch.deadline.map { $0 > driver.now } == true, "\(status)")
        }
    }
}
