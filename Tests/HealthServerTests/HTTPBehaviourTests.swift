import Shared
import TestSupport
import Testing

@testable import HealthServer

extension ServerTests {
    /// What any HTTP client may expect, over real sockets.
    @Suite struct HTTPBehaviourTests {
        @Test(arguments: [
            ("/liveness", 200), ("/livez", 200), ("/readiness", 200), ("/readyz", 200), ("/ready", 200),
            ("/health", 200),
            ("/healthz", 200), ("/providers", 200), ("/status", 200), ("/providers/gcp-secret-manager/ready", 200),
            ("/providers/Nobody/ready", 404), ("/nothing", 404), ("/providers/%zz/ready", 400),
            ("/providers/P/ready?wait=ever", 400),
        ])
        func everyEndpointAnswersGETAndHEADAlike(_ path: String, _ status: Int) throws {
            let test = try TestServer(Situations.allPublished)
            let get = try test.client.send("GET", path)
            let head = try test.client.send("HEAD", path)
            #expect(get.status == status)
            #expect(head.status == status)
            #expect(head.body.isEmpty)
            #expect(get.header("Content-Length") == String(get.body.count))
            #expect(head.header("Content-Length") == get.header("Content-Length"))
            for response in [get, head] {
                #expect(response.header("Cache-Control") == "no-store")
                #expect(
                    response.header("Content-Type") == (status == 200 ? "application/json" : "application/problem+json")
                )
            }
            _ = try TestJSON(get.body)
        }

        @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
        func otherMethodsAreRefused(_ method: String) throws {
            let test = try TestServer(Situations.allPublished)
            let response = try test.client.send(method, "/liveness", body: Array("{}".utf8))
            #expect(response.status == 405)
            #expect(response.header("Allow") == "GET, HEAD")
            #expect(response.header("Content-Type") == "application/problem+json")
        }

        @Test func notReadySaysWhenToAskAgain() throws {
            let test = try TestServer()
            for path in ["/readiness", "/ready", "/providers/P/ready"] {
                let response = try test.client.get(path)
                #expect(response.status == 503)
                #expect(response.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
            }
        }

        @Test func aConnectionServesRequestAfterRequest() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            for path in ["/liveness", "/status", "/ready", "/providers", "/nothing", "/liveness"] {
                try connection.get(path)
                let response = try connection.response()
                #expect(response.status == (path == "/nothing" ? 404 : 200))
                #expect(response.header("Connection") == nil)
            }
        }

        @Test func pipelinedRequestsAreAnsweredInOrder() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            let paths = (0..<60).map { ["/liveness", "/status", "/nothing", "/ready", "/providers"][$0 % 5] }
            try connection.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
            for path in paths {
                let response = try connection.response()
                switch path {
                case "/liveness": #expect(response.text.hasPrefix(#"{"status":"alive""#))
                case "/status": #expect(response.text.hasPrefix(#"{"schema""#))
                case "/ready": #expect(response.text.hasPrefix(#"{"status":"ready""#))
                case "/providers": #expect(response.text.hasPrefix(#"{"synced":true"#))
                default: #expect(response.status == 404)
                }
            }
        }

        /// The end of the client comes in the same packet as the requests, or later: no answer is lost by it.
        @Test func everyPipelinedRequestIsAnsweredAlthoughTheClientStopsSending() throws {
            let test = try TestServer(Situations.allPublished)
            let bytes = String(repeating: "GET /liveness HTTP/1.1\r\nHost: test\r\n\r\n", count: 200)
            for _ in 0..<40 {
                let connection = try test.connect()
                try connection.send(bytes)
                connection.finishWriting()
                let text = String(decoding: try connection.untilClosed(), as: UTF8.self)
                #expect(text.split(separator: "HTTP/1.1 200 ").count == 200)
            }
        }

        /// A hundred requests at once are answered in turn with everybody else's.
        @Test func aProbeIsNotBehindAClientsPipeline() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.send(String(repeating: "GET /status HTTP/1.1\r\nHost: test\r\n\r\n", count: 100))
            #expect(try connection.response().status == 200)
            #expect(try test.client.get("/liveness").status == 200)
            for _ in 1..<100 { #expect(try connection.response().status == 200) }
        }

        @Test func connectionCloseIsHonoured() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.get("/liveness", "Connection: close\r\n")
            let response = try connection.response()
            #expect(response.header("Connection") == "close")
            #expect(try connection.untilClosed().isEmpty)
        }

        @Test func http10ClosesUnlessAskedToKeepAlive() throws {
            let test = try TestServer(Situations.allPublished)
            let closing = try test.connect()
            try closing.send("GET /liveness HTTP/1.0\r\n\r\n")
            #expect(try closing.response().status == 200)
            #expect(try closing.untilClosed().isEmpty)
            let kept = try test.connect()
            for _ in 0..<2 {
                try kept.send("GET /liveness HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try kept.response().header("Connection") == "keep-alive")
            }
        }

        @Test(arguments: ["/liveness", "/status", "/providers/GCP-Secret-Manager/ready"])
        func aClientThatStopsSendingStillGetsItsAnswer(_ path: String) throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.get(path)
            connection.finishWriting()
            #expect(try connection.response().status == 200)
            #expect(try connection.untilClosed().isEmpty)
        }

        @Test func aSmallBodyIsIgnored() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            let body = String(repeating: "x", count: 64 * 1024)
            for _ in 0..<2 {
                try connection.get("/liveness", "Content-Length: \(body.utf8.count)\r\n")
                try connection.send(body)
                #expect(try connection.response().status == 200)
            }
            try connection.get("/liveness", "Transfer-Encoding: chunked\r\n")
            try connection.send("3\r\nabc\r\n0\r\n\r\n")
            #expect(try connection.response().status == 200)
        }

        @Test func aLongBodyIsRefusedBeforeItIsSent() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.get("/liveness", "Content-Length: 1073741824\r\n")
            let response = try connection.response()
            #expect(response.status == 413)
            #expect(response.header("Connection") == "close")
        }

        @Test func aLongChunkedBodyIsRefused() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.get("/liveness", "Transfer-Encoding: chunked\r\n")
            let chunk = "2000\r\n" + String(repeating: "x", count: 0x2000) + "\r\n"
            // All of it at once: the answer must survive that the server closes while more is on its way.
            try connection.send(String(repeating: chunk, count: 12))
            #expect(try connection.response().status == 413)
        }

        @Test func aClientThatAsksBeforeItSendsABodyIsAnsweredAtOnce() throws {
            let test = try TestServer(Situations.allPublished)
            let connection = try test.connect()
            try connection.get("/liveness", "Content-Length: 5\r\nExpect: 100-continue\r\n")
            let response = try connection.response()
            #expect(response.status == 200)
            #expect(response.header("Connection") == "close")
        }

        @Test func documentsOfAThousandContractsArriveWhole() throws {
            let names = (0..<1000).map { "Provider-\($0 + 1000)" }
            let test = try TestServer(
                Situations.sections(names.map { Situations.desired($0) }, names.map { Situations.published($0) })
            )
            let connection = try test.connect()
            try connection.send(
                ["/status", "/providers", "/status", "/liveness"].map { "GET \($0) HTTP/1.1\r\nHost: t\r\n\r\n" }
                    .joined()
            )
            #expect(try TestJSON(connection.response().body)["contracts"]?.count == 1000)
            #expect(try TestJSON(connection.response().body)["providers"]?.count == 1000)
            #expect(try TestJSON(connection.response().body)["sections"]?["source"]?["pairs"]?.count == 1000)
            #expect(try connection.response().status == 200)
            let problem = try test.client.get("/providers/Nobody/ready")
            #expect(try TestJSON(problem.body)["knownProviders"]?.count == 100)
            #expect(try TestJSON(problem.body)["more"]?.int == 900)
        }

        @Test func aViewTakenByTheServerIsWhatTheNextRequestSees() throws {
            let test = try TestServer()
            #expect(try test.client.get("/readiness").status == 503)
            test.take(Situations.allPublished)
            try test.server.waitForTurn()
            #expect(try test.client.get("/readiness").status == 200)
        }
    }
}
