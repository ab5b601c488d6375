import Shared
import TestSupport
import Testing

@testable import HealthServer

@Suite struct AcceptPreferenceTests {
    private static let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

    @Test(arguments: [
        firefox, "text/html", "text/html, */*", "TEXT/HTML;Q=0.9, */*;q=0.1", "text/html, application/*",
        "text/html;q=0.8, application/json;q=0.7", "application/json;q=0, text/html;q=0.001",
        "text/html;level=1;q=0.5", "text/html , application/json;q=0.2",
    ])
    func thePageIsForWhoeverNamesIt(_ accept: String) {
        #expect(AcceptPreference.prefersHTML([accept]))
    }

    @Test(arguments: [
        "", "*/*", "application/json", "application/json, text/html", "text/html, application/json", "text/*",
        "text/html;q=0", "text/html;q=0.5, */*", "text/html;q=0.5, application/*;q=0.6", "text/html;q=two",
        "text/html;q=2",
        "text/html;q=-1", "text/htmlx", ";;;,,,", "application/problem+json", "text/event-stream",
        "text/html;q=0.4, application/json;q=0.5, */*;q=0.1", "text/html;q=nan",
    ])
    func everybodyElseGetsJSON(_ accept: String) {
        #expect(!AcceptPreference.prefersHTML([accept]))
    }

    @Test func severalLinesAreOne() {
        #expect(AcceptPreference.prefersHTML(["application/xml", "text/html"]))
        #expect(!AcceptPreference.prefersHTML(["text/html", "application/json"]))
        #expect(!AcceptPreference.prefersHTML([String]()))
    }
}

extension ServerTests {
    @Suite struct NegotiationTests {
        private let browser = [(name: "Accept", value: "text/html,application/xhtml+xml,*/*;q=0.8")]

        @Test(arguments: ["/", "/status"])
        func aBrowserGetsThePage(_ path: String) throws {
            let test = try TestServer(Situations.allPublished)
            let get = try test.client.get(path, headers: browser)
            #expect(get.status == 200)
            #expect(get.header("Content-Type") == "text/html; charset=utf-8")
            #expect(get.header("Content-Security-Policy") == PagePolicy.contentSecurityPolicy)
            #expect(get.header("X-Content-Type-Options") == "nosniff")
            #expect(get.header("Referrer-Policy") == "no-referrer")
            #expect(get.header("Vary") == "Accept")
            #expect(get.header("Cache-Control") == "no-store")
            #expect(try MarkupReader(get.text).text.contains("All 2 contracts are in the broker"))
            let head = try test.client.send("HEAD", path, headers: browser)
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.header("Content-Length").flatMap { Int($0) } ?? 0 > 5000)
        }

        @Test func everybodyElseGetsTheDocumentAsBefore() throws {
            let test = try TestServer(Situations.allPublished)
            let plain = try test.client.get("/status")
            #expect(plain.text.hasPrefix(#"{"schema":"pact-mocks-manager.status/1""#))
            #expect(plain.header("Vary") == "Accept")
            #expect(plain.header("Content-Security-Policy") == nil)
            for accept in ["*/*", "application/json", "text/html;q=0"] {
                let answer = try test.client.get("/status", headers: [("Accept", accept)])
                #expect(answer.header("Content-Type") == "application/json")
                #expect(answer.body == plain.body)
            }
            // And a browser that asks for it by name.
            let named = try test.client.get("/status.json", headers: browser)
            #expect(named.header("Content-Type") == "application/json")
            #expect(named.body == plain.body)
        }

        @Test func theRootTellsProgramsWhatThereIs() throws {
            let test = try TestServer(Situations.allPublished)
            let answer = try test.client.get("/")
            #expect(answer.status == 200 && answer.header("Vary") == "Accept")
            let json = try TestJSON(answer.body)
            #expect(json["name"]?.string == "pact-mocks-manager")
            let endpoints = try #require(json["endpoints"])
            for index in 0..<(endpoints.count ?? 0) {
                let path = try #require(endpoints[index]?["path"]?.string)
                let target = path.hasPrefix("/providers/{") ? "/providers/P/ready" : path
                #expect(throws: Never.self) { try Route(target: target) }
            }
            #expect(endpoints.count == 11)
        }

        @Test(arguments: ["/?x=1", "/status.json?x=1", "/events?x=1", "/status?x"])
        func unknownParametersAreRefused(_ path: String) throws {
            let test = try TestServer(Situations.allPublished)
            #expect(try test.client.get(path, headers: browser).status == 400)
        }

        @Test func thePageShowsWhatHoldsNowAndWhoWaits() throws {
            let test = try TestServer(Situations.sections([Situations.desired()], []))
            let connection = try test.connect()
            try connection.get("/providers/%3Cb%3E-nobody/ready?wait=60s")
            try test.wait { $0.waiters == 1 }
            let before = try MarkupReader(test.client.get("/", headers: browser).text).text
            #expect(before.contains("Not ready") && before.contains("<b>-nobody 1"), "\(before)")
            #expect(before.contains("127.0.0.1"))
            test.take(Situations.allPublished)
            try test.server.waitForTurn()
            let after = try MarkupReader(test.client.get("/", headers: browser).text).text
            #expect(after.contains("All 2 contracts are in the broker"))
        }

        @Test func pagesOfOneMomentAreMadeOnce() throws {
            let cache = PageCache()
            var subject = PageFixture.subject(PageFixture.sections())
            let first = cache.page(subject)
            subject.clock.monotonic = subject.clock.monotonic + .milliseconds(900)
            subject.clock.wall.milliseconds += 900
            #expect(cache.page(subject) == first)
            subject.clock.monotonic = subject.clock.monotonic + .milliseconds(200)
            subject.clock.wall.milliseconds += 200
            let later = cache.page(subject)
            #expect(later != first)
            subject.waiters = 7
            subject.situation.view.problem = .unreadable("gone")
            #expect(String(decoding: cache.page(subject), as: UTF8.self).contains("The shared state: gone"))
        }
    }
}
