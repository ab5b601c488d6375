package import Shared

/// How a server is reached: whom to trust, who we are to TLS, and through which proxy. Files are read by libcurl when it
/// opens a connection; kept connections and sessions know nothing of a file that has changed since.
package struct HTTPConnectionSettings: Sendable, Equatable {
    /// PEM file of the certificate authorities to trust instead of the system's; empty: the system's.
    package var caFile: String
    /// PEM file of our certificate, with its chain; empty: none.
    package var clientCertificateFile: String
    /// PEM file of its key, without a passphrase.
    package var clientKeyFile: String
    /// `nil`: none. libcurl's own look at the environment is always off.
    package var proxy: ProxySetting?

    package init(
        caFile: String = "",
        clientCertificateFile: String = "",
        clientKeyFile: String = "",
        proxy: ProxySetting? = nil
    ) {
        self.caFile = caFile
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
        self.proxy = proxy
    }
}
