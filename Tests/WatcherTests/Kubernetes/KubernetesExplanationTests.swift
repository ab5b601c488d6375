import Shared
import SharedHTTP
import Testing

@testable import Watcher

@Suite("What is said when the Kubernetes API cannot be used: what, where, what to do")
struct KubernetesExplanationTests {
    private let explanation = KubernetesExplanation.sample()
    private let place = "the Kubernetes API https://10.0.0.1:443"

    private func detail(_ status: Int, _ body: String = "", _ explanation: KubernetesExplanation = .sample()) -> String
    {
        explanation.problem(.sample(status, body)).detail
    }

    /// A token as the API server issues them, in parts so that nobody takes it for a real one.
    private let token = "eyJ" + "hbGciOiJSUzI1NiJ9.eyJhdWQiOlsiYXBpIl19.c2lnbmF0dXJl"

    @Test("403: the Role rule for the two verbs, the service account out of the recorded message")
    func forbidden() throws {
        let bodies = try KubernetesTranscript("08-401-403.txt").bodies
        let body = try #require(bodies.first { $0.contains("pact:nobody") })
        let rule =
            #"rules: [{apiGroups: [''], resources: [configmaps], resourceNames: [contracts], verbs: [get, watch]}]"#
        let problem = explanation.problem(.sample(403, body))
        #expect(problem.code == "forbidden")
        #expect(
            problem.detail
                == "\(place) says 403: system:serviceaccount:pact:nobody cannot get ConfigMap pact/contracts; "
                + "add to a Role in namespace pact that is bound to the ServiceAccount pact/nobody: \(rule), "
                + "or correct CONFIGMAP_NAME and NAMESPACE"
        )
        for verb in ["watch", "get", "list"] {
            let message = body.replacing("cannot get", with: "cannot \(verb)")
            #expect(detail(403, message).contains(" cannot \(verb) ConfigMap"))
            #expect(detail(403, message).contains(rule), "one rule serves all three")
        }
        let several = KubernetesExplanation.sample(names: ["a", "b"])
        #expect(detail(403, body, several).contains("resourceNames: [a, b]"))
    }

    @Test("403 of a user who is no service account, or whose name is none: the rule without a name")
    func otherUsers() {
        for user in [
            "jane", "system:node:n1", "system:serviceaccount:pact:; rm -rf x", "system:serviceaccount:a:b:c", "",
        ] {
            let body = statusJSON(
                403,
                "Forbidden",
                #"configmaps \"contracts\" is forbidden: User \"\#(user)\" cannot watch"#
            )
            #expect(detail(403, body).contains("bound to the account that asks: rules: ["))
            #expect(!detail(403, body).contains("rm -rf"))
        }
    }

    @Test("403 as anonymous: no token was sent, whether its file is empty or there is none")
    func anonymous() throws {
        let bodies = try KubernetesTranscript("08-401-403.txt").bodies
        let body = try #require(bodies.first { $0.contains("system:anonymous") })
        #expect(
            detail(403, body)
                == "\(place) was asked without a token (403); /token is empty or missing"
        )
        #expect(
            detail(403, body, .sample(tokenFile: ""))
                == "\(place) was asked without a token (403); set KUBERNETES_TOKEN_FILE"
        )
    }

    @Test("403 that is not Kubernetes': the Role is not what is missing")
    func otherForbidden() {
        let text = detail(403, "RBAC: access denied\n")
        #expect(text.hasPrefix("\(place) answers 403: RBAC: access denied; that is not Kubernetes' own answer"))
        #expect(!text.contains("rules:"))
    }

    @Test("401 with a token file, recorded, and without one")
    func unauthorized() throws {
        let bodies = try KubernetesTranscript("08-401-403.txt").bodies
        let body = try #require(bodies.first { $0.contains("Unauthorized") })
        let problem = explanation.problem(.sample(401, body))
        #expect(problem.code == "unauthorized")
        #expect(problem.detail.hasPrefix("\(place) refuses the token in /token (401): of another cluster, or expired"))
        #expect(
            detail(401, body, .sample(tokenFile: "")) == "\(place) wants a token (401); set KUBERNETES_TOKEN_FILE"
        )
    }

    @Test("Other statuses: the server's own words, and what to check where the address may be wrong")
    func others() {
        let busy = explanation.problem(.sample(429, "Too many requests, please try again later.\n"))
        #expect(
            busy == .init(code: "throttled", detail: "\(place) answers 429: Too many requests, please try again later.")
        )
        #expect(
            detail(503, statusJSON(503, "ServiceUnavailable", "apiserver is shutting down"))
                == "\(place) answers 503: apiserver is shutting down"
        )
        #expect(detail(500) == "\(place) answers 500")
        #expect(detail(500, statusJSON(500, "InternalError", "")).hasPrefix("\(place) answers 500: {"))
        let missing = explanation.problem(.sample(404, "404 page not found"))
        #expect(missing.code == "HTTP 404")
        #expect(
            missing.detail.contains("404 page not found; is it the API's own address? check KUBERNETES_API_URL, or")
        )
        let moved = explanation.problem(.sample(301, ""))
        #expect(moved.code == "HTTP 301")
        #expect(moved.detail.contains("redirections are not followed: check KUBERNETES_API_URL"))
        let plain = explanation.problem(.sample(400, "Client sent an HTTP request to an HTTPS server.\n"))
        #expect(plain.code == "plain HTTP")
        #expect(plain.detail.hasSuffix("set KUBERNETES_API_URL to https://10.0.0.1:443"))
        #expect(explanation.problem(.sample(400, "?")).code == "HTTP 400")
    }

    @Test("ERROR events")
    func errors() {
        let status = KubernetesStatus(code: 500, reason: "InternalError", message: "context deadline exceeded")
        #expect(
            explanation.problem(status)
                == .init(code: "error 500", detail: "\(place) ended a watch: context deadline exceeded")
        )
        #expect(
            explanation.problem(KubernetesStatus(code: 500, reason: "InternalError")).detail.hasSuffix("InternalError")
        )
    }

    @Test("Every kind of transport error names the place and keeps libcurl's words")
    func transport() {
        for kind in TransportError.Kind.allCases {
            let problem = explanation.problem(TransportError(kind, "curl says so"))
            #expect(problem.detail.contains("curl says so"), "\(kind)")
            #expect(problem.detail.contains("https://10.0.0.1:443"), "\(kind)")
            #expect(!problem.code.isEmpty)
        }
        #expect(explanation.problem(TransportError(.refused, "x")).code == "refused")
        #expect(explanation.problem(TransportError(.timeout, "x")).code == "timeout")
    }

    @Test(
        "TLS: libcurl's words, recorded, say what to set",
        arguments: [
            (
                "SSL certificate problem: unable to get local issuer certificate",
                "no authority that we trust; put the one that signed it into KUBERNETES_CA_FILE=/ca.crt"
            ),
            (
                "SSL: no alternative certificate subject name matches target host name 'other.test'",
                "is for another name; set KUBERNETES_API_URL"
            ),
            ("SSL certificate problem: certificate has expired", "has expired"),
            ("error:0A00010B:SSL routines::wrong version number", "no TLS is spoken there; check KUBERNETES_API_URL"),
            (
                "error setting certificate verify locations:  CAfile: /ca.crt",
                "KUBERNETES_CA_FILE=/ca.crt is missing or no PEM file"
            ),
        ]
    )
    func tls(_ said: String, _ advice: String) {
        let problem = explanation.problem(TransportError(.tls, said))
        #expect(problem.code == "TLS")
        #expect(problem.detail.contains(advice))
        #expect(problem.detail.hasSuffix("(\(said))"))
        let system = KubernetesExplanation.sample(caFile: "")
            .problem(TransportError(.tls, "unable to get local issuer"))
        #expect(system.detail.contains("set KUBERNETES_CA_FILE"))
    }

    @Test("No problem has more than 1 KiB, whatever a server says and however many ConfigMaps there are")
    func size() throws {
        let long = String(repeating: "é", count: 40_000)
        let names = (0..<50).map { "contracts-of-the-consumer-number-\($0)" }
        let explanation = KubernetesExplanation.sample(names: names)
        let forbidden = statusJSON(403, "Forbidden", #"User \"system:serviceaccount:pact:x\" cannot"#)
        for status in [301, 400, 401, 403, 404, 418, 429, 500, 503] {
            for body in [long, statusJSON(status, "x", long), forbidden] {
                let problem = explanation.problem(.sample(status, body))
                #expect(problem.detail.utf8.count <= 1024)
                #expect(problem.detail.hasPrefix(place))
            }
        }
        for kind in TransportError.Kind.allCases {
            #expect(explanation.problem(TransportError(kind, long)).detail.utf8.count <= 1024)
        }
        #expect(explanation.problem(KubernetesStatus(code: 500, message: long)).detail.utf8.count <= 1024)
    }

    @Test("A token that a proxy repeats is not shown")
    func tokens() {
        for text in [
            "Authorization: Bearer \(token)", "authorization: bearer opaque-secret-\(token.count)", "got \(token)!",
        ] {
            for status in [400, 403, 404, 429, 500, 503] {
                for body in [text, statusJSON(status, "x", text)] {
                    let problem = explanation.problem(.sample(status, body))
                    #expect(!problem.detail.contains(token), "\(problem)")
                    #expect(!problem.detail.contains("opaque-secret"), "\(problem)")
                }
            }
            #expect(!explanation.problem(KubernetesStatus(code: 500, message: text)).detail.contains(token))
        }
    }

    @Test("The same trouble is the same sentence: no times, no counts")
    func stable() {
        var driver = WatchDriver()
        var problems: Set<String> = []
        driver.send(.time)
        for _ in 0..<5 {
            _ = driver.answer(503, statusJSON(503, "x", "m"))
            problems.insert(driver.watch.state.problem?.detail ?? "")
            driver.passToDeadline()
        }
        #expect(problems == ["\(place) answers 503: m"])
    }
}
