import Glibc
import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// `/metrics` over real sockets.
    @Suite struct MetricsServerTests {
        private typealias S = Situations

        private func scrape(_ server: TestServer) throws -> PrometheusText {
            let answer = try server.client.get("/metrics")
            #expect(answer.status == 200)
            #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            return try PrometheusText(answer.text)
        }

        private func requests(_ page: PrometheusText, _ route: String, _ code: Int) -> Double {
            page.value("pact_mocks_manager_http_requests_total", ["route": route, "code": "\(code)"]) ?? 0
        }

        @Test func requestsAreCountedByTheirRouteAndNeverByTheirPath() throws {
            let server = try TestServer(S.allPublished)
            for path in ["/liveness", "/livez", "/%6Civez", "/readyz", "/health", "/ready", "/providers", "/status"] {
                #expect(try server.client.get(path).status == 200, "\(path)")
            }
            #expect(try server.client.get("/providers/GCP-Secret-Manager/ready").status == 200)
            #expect(try server.client.get("/providers/unheard-of/ready").status == 404)
            #expect(try server.client.get("/nowhere/at/all").status == 404)
            #expect(try server.client.get("/status?x=1").status == 400)
            #expect(
                try server.exchange("POST /liveness HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status == 405
            )
            #expect(try server.exchange("nonsense\r\n\r\n").status == 400)
            let page = try scrape(server)
            #expect(requests(page, "/liveness", 200) == 3)
            #expect(requests(page, "/readiness", 200) == 1)
            #expect(requests(page, "/providers/{provider}/ready", 200) == 1)
            #expect(requests(page, "/providers/{provider}/ready", 404) == 1)
            #expect(requests(page, "other", 404) == 1)
            #expect(requests(page, "other", 400) == 2)
            #expect(requests(page, "other", 405) == 1)
            let duration = "pact_mocks_manager_http_request_duration_seconds_count"
            #expect(page.value(duration, ["route": "/liveness"]) == 3)
            // The one that never was a request took no time.
            #expect(page.value(duration, ["route": "other"]) == 3)
            let routes = Set((page["pact_mocks_manager_http_requests_total"]?.samples ?? []).compactMap { $0["route"] })
            #expect(routes.isSubset(of: RouteName.allCases.map(\.rawValue)))
            #expect(requests(try scrape(server), "/metrics", 200) == 1)
        }

        @Test func whatFollowsARequestAndIsNoneIsNotCountedForIt() throws {
            let server = try TestServer(S.allPublished)
            let connection = try server.connect()
            try connection.get("/livez")
            #expect(try connection.response().status == 200)
            try connection.send("nonsense\r\n\r\n")
            #expect(try connection.response().status == 400)
            let page = try scrape(server)
            #expect(requests(page, "/liveness", 400) == 0 && requests(page, "other", 400) == 1)
        }

        @Test func aQueryOrHEADChangesNothing() throws {
            let server = try TestServer(S.allPublished)
            #expect(try server.client.get("/metrics?name[]=up&x").status == 200)
            let connection = try server.connect()
            try connection.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try connection.response(isHead: true)
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(Int(head.header("content-length") ?? "") ?? 0 > 5000)
        }

        @Test func heldRequestsAreMeasuredByThemselves() throws {
            let server = try TestServer(S.sections([S.desired()], []))
            let path = "/providers/GCP-Secret-Manager/ready"
            let released = try server.connect()
            let gone = try server.connect()
            try released.get("\(path)?wait=300s")
            try gone.get("\(path)?wait=300s")
            try server.wait { $0.waiters == 2 }
            #expect(try scrape(server).value("pact_mocks_manager_waiters") == 2)
            gone.finishWriting()
            #expect(try gone.response().status == 503)
            #expect(try server.client.get("\(path)?wait=20ms").status == 503)
            server.take(S.sections([S.desired()], [S.published()]))
            #expect(try released.response().status == 200)
            let page = try scrape(server)
            func waits(_ result: String) -> Double? {
                page.value("pact_mocks_manager_wait_duration_seconds_count", ["result": result])
            }
            #expect(waits("ready") == 1)
            #expect(waits("timeout") == 1)
            #expect(waits("abandoned") == 1)
            #expect(waits("stopping") == 0)
            #expect(page.value("pact_mocks_manager_waiters") == 0)
            let held = page.value("pact_mocks_manager_wait_duration_seconds_sum", ["result": "timeout"]) ?? 0
            #expect(held >= 0.02 && held < 20)
            #expect(requests(page, "/providers/{provider}/ready", 503) == 2)
            let route = ["route": "/providers/{provider}/ready"]
            #expect(page.value("pact_mocks_manager_http_request_duration_seconds_count", route) == nil)
            // One that is ready at once was not held.
            #expect(try server.client.get("\(path)?wait=300s").status == 200)
            let after = try scrape(server)
            #expect(after.value("pact_mocks_manager_http_request_duration_seconds_count", route) == 1)
        }

        @Test func aWaiterOfAManagerThatStopsIsCountedAsThat() throws {
            let server = try TestServer(S.sections([S.desired()], []))
            let waiting = try server.connect()
            try waiting.get("/providers/GCP-Secret-Manager/ready?wait=300s")
            try server.wait { $0.waiters == 1 }
            server.take(S.changed(S.sections([S.desired()], [])) { $0.processes?.stopping = true })
            #expect(try waiting.response().status == 503)
            let page = try scrape(server)
            #expect(page.value("pact_mocks_manager_wait_duration_seconds_count", ["result": "stopping"]) == 1)
        }

        @Test func theNextScrapeSaysWhatIsNew() throws {
            let server = try TestServer(S.sections([S.desired()], []))
            let name = "pact_mocks_manager_provider_ready"
            #expect(try scrape(server).value(name, ["provider": S.provider]) == 0)
            server.take(S.allPublished)
            #expect(try scrape(server).value(name, ["provider": S.provider]) == 1)
            server.take(S.changed(S.allPublished) { $0.broker?.status = .refused })
            let page = try scrape(server)
            #expect(page.value(name, ["provider": S.provider]) == 0)
            #expect(page.value("pact_mocks_manager_broker_up") == 0)
        }
    }
}
