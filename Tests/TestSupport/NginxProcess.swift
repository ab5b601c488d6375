internal import CLinux
internal import Glibc
internal import Shared

/// nginx in front of a broker or an API server: in the foreground, on a free port of loopback, with all its files in a
/// directory of its own. It dies with this object.
package final class NginxProcess {
    private static let nginx = "/usr/sbin/nginx"

    /// Why there can be none here; `nil` if there can.
    package static var obstacle: String? {
        access(nginx, X_OK) == 0 ? nil : "\(nginx) is not installed (Debian: nginx-light)"
    }

    /// One line of its access log.
    package struct Access: Sendable {
        /// Counts from 1 in each process.
        package var connection: Int
        /// For example `CN=client`; empty without a client certificate.
        package var client: String
        package var status: Int
        package var path: String
        /// `HTTP/1.1`, `HTTP/2.0`.
        package var protocolVersion: String
    }

    package let port: UInt16
    private let process: TestChildProcess
    private let directory: TemporaryDirectory

    /// Starts it and waits until it listens.
    ///
    /// - Parameters:
    ///   - certificate: `nil` for plain HTTP.
    ///   - clientAuthority: PEM file; every client must show a certificate of it.
    ///   - configuration: What else stands in the `server` block, with its locations.
    ///   - port: 0 takes a free one; a number brings one that was stopped back at its old address.
    ///   - host: `127.0.0.1` or `::1`.
    ///   - offersHTTP2: In the handshake (ALPN); only with a certificate.
    ///   - reloads: It is a master with a worker, as ``reload()`` needs it; else one process.
    package init(
        certificate: TestAuthority.Certificate? = nil,
        clientAuthority: String? = nil,
        _ configuration: String,
        port wanted: UInt16 = 0,
        host: String = "127.0.0.1",
        offersHTTP2: Bool = false,
        reloads: Bool = false
    ) throws {
        directory = try TemporaryDirectory()
        // Others take free ports at the same time: a few attempts.
        for attempt in 1... {
            let port = wanted == 0 ? try Self.freePort(host) : wanted
            let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            var server = "listen \(address)\(certificate == nil ? "" : " ssl")\(offersHTTP2 ? " http2" : "");\n"
            if let certificate {
                server += "ssl_certificate \(certificate.certificateFile);\n"
                server += "ssl_certificate_key \(certificate.keyFile);\n"
            }
            if let clientAuthority { server += "ssl_verify_client on;\nssl_client_certificate \(clientAuthority);\n" }
            try directory.write("nginx.conf", Self.file(directory.path, server + configuration, hasMaster: reloads))
            let process = try TestChildProcess(
                Self.nginx,
                ["-p", directory.path, "-c", "\(directory.path)/nginx.conf", "-e", "stderr"]
            )
            var said = ""
            while let line = try process.readLine(within: .seconds(20)) {
                // Said once the socket listens (ngx_init_cycle opens it before it starts the modules).
                if line.contains("event method") {
                    self.process = process
                    self.port = port
                    return
                }
                said += line + "\n"
            }
            guard attempt < 5 else {
                throw TestSupportError.childFailed(path: Self.nginx, waitingFor: "listening", output: said)
            }
        }
        preconditionFailure("the loop above returns or throws")
    }

    // A master that is killed leaves its worker behind.
    deinit { stop() }

    /// Reads its configuration anew and waits for that: HTTP/2 connections of the old worker get a GOAWAY.
    package func reload() throws {
        process.signal(SIGHUP)
        while let line = try process.readLine(within: .seconds(20)) {
            if line.contains("gracefully shutting down") { return }
        }
    }

    /// Ends it at once; its connections are closed.
    package func stop() { process.end(with: SIGTERM, within: .seconds(10)) }

    /// What it has been asked, in order.
    package var accesses: [Access] {
        let text = (try? RepositoryFile.text("\(directory.path)/access")) ?? ""
        return text.split(separator: "\n")
            .compactMap { line in
                let fields = line.split(separator: "|", omittingEmptySubsequences: false)
                guard fields.count == 5, let connection = Int(fields[0]), let status = Int(fields[2]) else {
                    return nil
                }
                let client = fields[1] == "-" ? "" : String(fields[1])
                return Access(
                    connection: connection,
                    client: client,
                    status: status,
                    path: String(fields[4]),
                    protocolVersion: String(fields[3])
                )
            }
    }

    private static func file(_ path: String, _ server: String, hasMaster: Bool) -> String {
        """
        daemon off;
        \(hasMaster ? "worker_processes 1;\nuser root;" : "master_process off;")
        pid \(path)/pid;
        error_log stderr notice;
        events {}
        http {
        log_format test '$connection|$ssl_client_s_dn|$status|$server_protocol|$request_uri';
        access_log \(path)/access test;
        client_max_body_size 64m;
        client_body_temp_path \(path)/body;
        proxy_temp_path \(path)/proxy;
        fastcgi_temp_path \(path)/fastcgi;
        uwsgi_temp_path \(path)/uwsgi;
        scgi_temp_path \(path)/scgi;
        server {
        \(server)
        }
        }

        """
    }

    private static func freePort(_ host: String) throws -> UInt16 {
        let listener = try checked("listen", host, clinux_listen_tcp(host, 0, 1))
        defer { close(listener) }
        return UInt16(try checked("getsockname", "", clinux_bound_port(listener)))
    }
}
