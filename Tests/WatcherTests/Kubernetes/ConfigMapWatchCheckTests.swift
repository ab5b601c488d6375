import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("A watch of a ConfigMap: silence, and the look with a GET")
struct ConfigMapWatchCheckTests {
    /// The GET of 75 s of silence is under way.
    private func checking() -> WatchDriver {
        var driver = WatchDriver.watching(for: .seconds(75))
        #expect(driver.send(.time) == ["get"])
        return driver
    }

    @Test("75 s of silence: a GET, once; 150 s: another connection, the same version")
    func silence() {
        var driver = WatchDriver.watching(for: .zero)
        #expect(driver.watch.deadline == at(75_000))
        #expect(driver.pass(.milliseconds(74_999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["get"])
        #expect(driver.pass(.seconds(1)) == [])
        #expect(driver.get(200, configMapJSON()) == [])
        #expect(driver.watch.deadline == at(150_000))
        #expect(driver.pass(.milliseconds(73_999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["cancel", "watch 20 new"])
        #expect(driver.watch.state.restarts == ["silent": 1])
        #expect(driver.watch.state.problem == nil)
    }

    @Test("Silence, and a GET that nobody answers: a problem long before the watch counts as dead; a byte ends it")
    func unanswered() {
        var driver = checking()
        driver.now = driver.now + .seconds(15)
        #expect(driver.send(.got(.failure(TransportError(.timeout, "timed out")))) == [])
        #expect(driver.watch.state.problem?.code == "timeout")
        #expect(driver.watch.state.problemSince == at(90_000))
        #expect(driver.isWatching)
        driver.send(.bytes)
        #expect(driver.watch.state.problem == nil && driver.watch.state.problemSince == nil)
        // One that fails while the watch speaks says nothing about it.
        var speaking = WatchDriver.watching(for: .zero)
        for _ in 1...5 {
            speaking.now = speaking.now + .seconds(60)
            speaking.send(.bytes)
        }
        #expect(speaking.send(.got(.failure(TransportError(.timeout, "timed out")))) == [])
        #expect(speaking.watch.state.problem == nil)
    }

    @Test("A resumed watch that never says a word: its version may lie in the future, so the state is asked for anew")
    func future() {
        var driver = WatchDriver.watching()
        #expect(driver.send(.ended(.clean)).last == "watch 20")
        driver.send(.opened)
        #expect(driver.pass(.seconds(75)) == ["get"])
        _ = driver.get(200, configMapJSON())
        #expect(driver.pass(.seconds(75)) == ["cancel", "watch initial new"])
    }

    @Test("The first look comes 10 s after the first state; without the right to it that is told, until it is there")
    func first() {
        var driver = WatchDriver(timing: WatchTiming())
        driver.send(.time)
        driver.send(.opened)
        driver.send(.event(.added(.sample())))
        driver.send(.event(.bookmark(resourceVersion: "20", isInitialEnd: true)))
        #expect(driver.pass(.milliseconds(9_999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["get"])
        _ = driver.get(403, "{}")
        #expect(driver.watch.lacksGet && driver.isWatching && driver.watch.state.problem == nil)
        driver.send(.bytes)
        let text = ConfigMapContent([driver.watch]).warnings.first
        #expect(text?.contains("the right to get is missing") == true && text?.contains("verbs: [get, watch]") == true)
        for _ in 1...5 {
            driver.now = driver.now + .seconds(60)
            if driver.send(.bytes).contains("get") { _ = driver.get(200, configMapJSON()) }
        }
        #expect(!driver.watch.lacksGet)
    }

    @Test("Any byte ends the silence")
    func bytes() {
        var driver = checking()
        _ = driver.get(200, configMapJSON())
        driver.send(.bytes)
        #expect(driver.watch.deadline == driver.now + .seconds(75))
        driver.now = driver.now + .seconds(74)
        driver.send(.event(.bookmark(resourceVersion: "21", isInitialEnd: false)))
        #expect(driver.passToDeadline() == ["get"])
        #expect(driver.now == at(75_000 + 74_000 + 75_000))
    }

    @Test("Five minutes of bookmarks: a GET")
    func regular() {
        var driver = WatchDriver.watching(for: .zero)
        for minute in 1...4 {
            driver.now = at(Int64(minute) * 60_000)
            #expect(driver.send(.event(.bookmark(resourceVersion: "\(20 + minute)", isInitialEnd: false))) == [])
        }
        driver.now = at(300_000)
        #expect(driver.send(.event(.bookmark(resourceVersion: "30", isInitialEnd: false))) == ["get"])
        _ = driver.get(200, configMapJSON())
        #expect(driver.watch.deadline == driver.now + .seconds(150), "this silence has been looked at")
        driver.send(.bytes)
        #expect(driver.watch.deadline == driver.now + .seconds(75))
    }

    @Test("A watch that is cut every minute does not put the look off for ever")
    func regularThroughRestarts() {
        var driver = WatchDriver.watching(for: .zero)
        var looked: [Int64] = []
        for second in 1...1200 {
            driver.now = at(Int64(second) * 1000)
            var actions = driver.send(.time)
            if second.isMultiple(of: 60) {
                actions += driver.send(.ended(.clean))
                actions += driver.send(.opened)
            }
            if actions.contains("get") {
                looked.append(Int64(second))
                _ = driver.get(200, configMapJSON())
            }
        }
        #expect(looked == [300, 600, 900, 1200])
    }

    @Test("GET: the same object or none as we know it is well")
    func same() {
        var driver = checking()
        _ = driver.get(200, configMapJSON())
        #expect(driver.pass(.seconds(10)) == [])
        #expect(driver.isWatching)
        var absent = WatchDriver()
        absent.send(.time)
        absent.send(.opened)
        absent.send(.event(.bookmark(resourceVersion: "5", isInitialEnd: true)))
        #expect(absent.pass(.seconds(75)) == ["get"])
        #expect(absent.get(404, statusJSON(404, "NotFound")) == [])
        #expect(absent.pass(.seconds(10)) == [])
        #expect(absent.isWatching)
    }

    @Test(
        "GET: another object, or none, and no event within 2 s: the state anew on another connection",
        arguments: [
            (200, configMapJSON(version: "11")), (200, configMapJSON(uid: "u2")),
            (200, configMapJSON(data: "the same version given out a second time")), (404, statusJSON(404, "NotFound")),
        ]
    )
    func disagreement(_ status: Int, _ body: String) {
        var driver = checking()
        #expect(driver.get(status, body) == [])
        #expect(driver.pass(.milliseconds(1999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["cancel", "watch initial new"])
        #expect(driver.watch.state.restarts == ["mismatch": 1])
    }

    @Test("An event within 2 s explains what the GET saw first; a bookmark does not")
    func explained() {
        var driver = checking()
        _ = driver.get(200, configMapJSON(version: "25"))
        driver.now = driver.now + .seconds(1)
        driver.send(.event(.modified(.sample(version: "25"))))
        #expect(driver.pass(.seconds(10)) == [])
        #expect(driver.isWatching)
        var other = checking()
        _ = other.get(200, configMapJSON(version: "25"))
        other.now = other.now + .seconds(1)
        other.send(.event(.bookmark(resourceVersion: "24", isInitialEnd: false)))
        #expect(other.pass(.seconds(1)) == ["cancel", "watch initial new"])
    }

    @Test("An event while the GET is under way: it is asked again, for either may be the newer one")
    func overtaken() {
        var driver = checking()
        driver.send(.event(.modified(.sample(version: "25", data: "new"))))
        #expect(driver.get(200, configMapJSON()) == [])
        #expect(driver.pass(.milliseconds(14_999)) == [])
        #expect(driver.pass(.milliseconds(1)) == ["get"])
        #expect(driver.get(200, configMapJSON(version: "25", data: "new")) == [])
        #expect(driver.pass(.seconds(10)) == [])
        #expect(driver.isWatching)
    }

    @Test("A watch that ends before what the GET saw is explained is not resumed")
    func endsWhileDisagreeing() {
        var driver = checking()
        _ = driver.get(200, configMapJSON(version: "7"))
        driver.now = driver.now + .seconds(1)
        #expect(driver.send(.ended(.clean)) == ["cancel", "watch initial"])
    }

    @Test("GET: what fails is tried again after 15 s, or later if it is asked for; a Role without get after 5 min")
    func failures() {
        let answers: [(Result<HTTPResponse, TransportError>, Int64, [String])] = [
            (.failure(TransportError(.timeout, "slow")), 15, []),
            (.success(.sample(500)), 15, []),
            (.success(.sample(200, "<html>")), 15, []),
            (.success(.sample(404, "404 page not found")), 15, []),
            (.success(.sample(401, statusJSON(401, "Unauthorized"))), 15, ["refresh"]),
            (.success(.sample(429, "busy", headers: [("Retry-After", "1")])), 15, []),
            (.success(.sample(429, "busy", headers: [("Retry-After", "60")])), 60, []),
            (.success(.sample(403, statusJSON(403, "Forbidden"))), 300, []),
        ]
        for (answer, seconds, actions) in answers {
            var driver = checking()
            #expect(driver.send(.got(answer)) == actions)
            #expect(driver.isWatching)
            let end = driver.now + .seconds(seconds)
            var isAgain = false
            while driver.now < end {
                #expect(!isAgain)
                driver.now = driver.now + .seconds(1)
                driver.watch.lastByte = driver.now - .seconds(74)
                isAgain = driver.send(.time) == ["get"]
            }
            #expect(isAgain, "\(answer)")
        }
    }

    @Test("An answer that nobody waits for any more is passed over")
    func lateAnswers() {
        var driver = checking()
        driver.send(.ended(.clean))
        #expect(driver.get(200, configMapJSON(version: "99", data: "x")) == [])
        #expect(driver.list(200, listJSON(version: "99")) == [])
        driver.send(.opened)
        #expect(driver.get(404, statusJSON(404, "NotFound")) == [])
        #expect(driver.pass(.seconds(3)) == [])
        #expect(driver.text == "old")
    }
}
