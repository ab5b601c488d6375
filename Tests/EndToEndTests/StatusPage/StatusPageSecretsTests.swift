import Shared
import TestSupport
import Testing

/// What `manager` knows and nobody may read: on the page, in the document, in the events.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatusPageSecretsTests {
    private let password = "hunter2-of-the-setting"
    private let accept = [(name: "Accept", value: "text/html")]

    /// Everything that the health port tells at this moment.
    private func everything(_ manager: ManagerProcess) throws -> [String] {
        [
            try manager.client.get("/", headers: accept).text, try manager.client.get("/status", headers: accept).text,
            manager.get("/status").body, manager.get("/").body, manager.get("/readiness").body,
            manager.get("/providers").body, try firstEvent(manager),
        ]
    }

    private func firstEvent(_ manager: ManagerProcess) throws -> String {
        let deadline = MonotonicTime.now() + .seconds(20)
        let socket = try TestSocket(host: "127.0.0.1", port: manager.port, deadline: deadline)
        try socket.write(Array("GET /events HTTP/1.0\r\n\r\n".utf8), deadline: deadline)
        var text = ""
        // The event follows the head, which ends with a blank line too, but one of CR LF.
        while !text.hasSuffix("\n\n") {
            let bytes = try socket.read(deadline: deadline, received: text.utf8.count)
            guard !bytes.isEmpty else { throw TestSupportError.closedEarly(received: Array(text.utf8)) }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    @Test(arguments: [false, true]) func credentialsAreNeverTold(_ isAccepted: Bool) throws {
        let directory = try TemporaryDirectory()
        let volume = try KubeletVolume(directory.path + "/mount")
        let broker = try LocalBrokerProcess(username: "pact", password: isAccepted ? password : "another")
        let consumer = "Shop"
        try volume.publish([
            "orders.json": """
            {"consumer":{"name":"\(consumer)"},"provider":{"name":"Orders"},"interactions":[{"description":"a request",\
            "request":{"method":"GET","path":"/"},"response":{"status":200}}],\
            "metadata":{"pactSpecification":{"version":"2.0.0"}}}
            """
        ])
        let authority = broker.url.dropFirst("http://".count)
        let manager = try ManagerProcess(
            variables: [
                "BROKER_URL": "http://pact:\(password)@\(authority)", "CONFIGMAP_PATH": directory.path + "/mount",
                "GIT_COMMIT": "abc", "CHECK_INTERVAL_SECS": "1", "CONTRACT_SOURCE": "directory",
            ],
            stateDirectory: directory.path + "/state"
        )
        let mark = isAccepted ? #""status":"ready""# : #""reason":"broker_unauthorized""#
        try manager.wait(for: mark) { manager.get("/readiness").body.contains(mark) }
        let texts = try everything(manager)
        #expect(texts[0].contains(isAccepted ? "The only contract is in the broker" : "Not ready"))
        #expect(texts[0].contains(broker.url) && texts[0].contains(consumer))
        #expect(texts[6].contains(mark))
        let encoded = Base64.encodeToString(Array("pact:\(password)".utf8))
        for text in texts {
            #expect(!text.isEmpty)
            #expect(!text.contains(password) && !text.contains(encoded))
        }
    }
}
