internal import Glibc
internal import Shared

/// A certificate authority for one test, made with `openssl` in the test's directory.
package final class TestAuthority {
    /// A certificate and its key, both PEM.
    package struct Certificate: Sendable {
        package var certificateFile: String
        package var keyFile: String
    }

    /// When a certificate counts.
    package enum Validity: Sendable {
        case now
        /// Until some day in 2020.
        case expired
    }

    private static let openssl = "/usr/bin/openssl"

    /// Why there can be none here; `nil` if there can.
    package static var obstacle: String? {
        access(openssl, X_OK) == 0 ? nil : "\(openssl) is not installed"
    }

    /// What those who trust this authority are given.
    package let certificateFile: String
    private let directory: TemporaryDirectory
    private let name: String

    /// - Parameter name: Part of its files' names and of its certificate.
    package init(_ name: String, in directory: TemporaryDirectory) throws {
        self.name = name
        self.directory = directory
        certificateFile = "\(directory.path)/\(name)/authority.pem"
        try directory.write("\(name)/index.txt", "")
        try directory.write("\(name)/authority.cnf", configuration)
        let key = "\(directory.path)/\(name)/authority.key"
        try makeKey(key)
        try run([
            "req", "-x509", "-new", "-config", path("authority.cnf"), "-key", key, "-subj", "/CN=\(name)", "-days", "2",
            "-out", certificateFile,
        ])
    }

    /// A certificate of this authority.
    ///
    /// - Parameter names: Its subject alternative names.
    package func issue(
        _ subject: String,
        names: [String] = ["DNS:localhost", "IP:127.0.0.1", "IP:::1"],
        _ validity: Validity = .now
    ) throws -> Certificate {
        let result = Certificate(certificateFile: path("\(subject).pem"), keyFile: path("\(subject).key"))
        try makeKey(result.keyFile)
        try directory.write("\(name)/\(subject).ext", "subjectAltName=\(names.joined(separator: ","))\n")
        try run([
            "req", "-new", "-config", path("authority.cnf"), "-key", result.keyFile, "-subj", "/CN=\(subject)", "-out",
            path("\(subject).csr"),
        ])
        let dates =
            validity == .now ? ["-days", "2"] : ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
        let files = ["-in", path("\(subject).csr"), "-out", result.certificateFile, "-extfile", path("\(subject).ext")]
        try run(["ca", "-batch", "-notext", "-config", path("authority.cnf")] + dates + files)
        return result
    }

    /// The same certificate with its key under a passphrase.
    package func encrypted(_ certificate: Certificate) throws -> Certificate {
        let result = Certificate(
            certificateFile: certificate.certificateFile,
            keyFile: certificate.keyFile + ".encrypted"
        )
        try run(["pkey", "-in", certificate.keyFile, "-aes256", "-passout", "pass:s3cret", "-out", result.keyFile])
        return result
    }

    /// An HTTPS server that ends the handshake with an alert unless the client shows a certificate of this authority.
    ///
    /// - Returns: The server, which lives as long as the object, and its port.
    package func strictServer(
        _ certificate: Certificate,
        arguments: [String]
    ) throws -> (process: TestChildProcess, port: UInt16) {
        let process = try TestChildProcess(
            Self.openssl,
            [
                "s_server", "-accept", "127.0.0.1:0", "-cert", certificate.certificateFile, "-key", certificate.keyFile,
                "-Verify", "1", "-verify_return_error", "-CAfile", certificateFile, "-www",
            ] + arguments
        )
        while let line = try process.readLine(within: .seconds(20)) {
            guard line.hasPrefix("ACCEPT ") else { continue }
            if let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) { return (process, port) }
        }
        throw TestSupportError.childFailed(path: Self.openssl, waitingFor: "ACCEPT 127.0.0.1:port", output: "")
    }

    private func path(_ file: String) -> String { "\(directory.path)/\(name)/\(file)" }

    private func makeKey(_ path: String) throws {
        try run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path])
    }

    private func run(_ arguments: [String]) throws {
        let result = try TestChildProcess(Self.openssl, arguments).wait(within: .seconds(30))
        guard result.exit == .code(0) else {
            let command = "openssl \(arguments.joined(separator: " "))"
            throw TestSupportError.childFailed(path: command, waitingFor: "exit 0", output: result.output)
        }
    }

    private var configuration: String {
        """
        [ca]
        default_ca = authority
        [authority]
        database = \(path("index.txt"))
        new_certs_dir = \(directory.path)/\(name)
        private_key = \(path("authority.key"))
        certificate = \(certificateFile)
        default_md = sha256
        policy = any
        unique_subject = no
        rand_serial = yes
        [any]
        commonName = supplied
        [req]
        distinguished_name = name
        x509_extensions = own
        [name]
        [own]
        basicConstraints = critical,CA:TRUE
        keyUsage = critical,keyCertSign

        """
    }
}
