/// The proxy for one URL, from the variables that other programs use too.
package struct ProxySetting: Equatable, Sendable, CustomStringConvertible {
    /// The variable that names it, for messages.
    package var variable: String
    /// `scheme://host:port`, without credentials.
    package var url: String
    /// Its name or address, without brackets.
    package var host: String
    /// As it is written there, or libcurl's own: https://curl.se/libcurl/c/CURLOPT_PROXY.html.
    package var port: UInt16
    /// User and password from the variable's URL; never shown.
    package var credentials: BaseURL.Credentials?

    /// What libcurl can speak to a proxy (https://curl.se/libcurl/c/CURLOPT_PROXY.html).
    private static let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]

    /// For people.
    package var description: String { "\(url) (\(variable))" }

    /// - Parameter text: A URL; without a scheme it is http, as in curl.
    /// - Returns: `nil` for what is no address of a proxy.
    package init?(variable: String, _ text: String) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = parts.count == 2 ? parts[0].lowercased() : "http"
        guard ProxySetting.schemes.contains(scheme), let rest = parts.last,
            let address = BaseURL("http://\(rest)"), address.basePath.isEmpty
        else { return nil }
        self.variable = variable
        url = "\(scheme)://\(address.authority)"
        host = address.host
        port = address.explicitPort ?? (scheme == "https" ? 443 : 1080)
        credentials = address.credentials
    }

    /// The variable that counts for a URL: the scheme's own before `ALL_PROXY`, small letters before capitals, as in
    /// curl. Unlike curl `HTTP_PROXY` in capitals counts too: curl leaves it out because of CGI, which we are not.
    ///
    /// - Returns: `nil` if none is set or `NO_PROXY` excludes the host.
    package static func variable(
        for url: BaseURL,
        environment: ProcessEnvironment
    ) -> (name: String, value: String)? {
        let names = ["\(url.scheme)_proxy", "\(url.scheme.uppercased())_PROXY", "all_proxy", "ALL_PROXY"]
        guard let set = first(names, environment) else { return nil }
        let exceptions = first(["no_proxy", "NO_PROXY"], environment)?.value ?? ""
        return ProxyExceptions(exceptions).contain(url) ? nil : set
    }

    /// The names of all variables about proxies; they may hold a password.
    package static func isVariable(_ name: String) -> Bool {
        ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].contains(name.lowercased())
    }

    private static func first(
        _ names: [String],
        _ environment: ProcessEnvironment
    ) -> (name: String, value: String)? {
        for name in names {
            if let value = environment[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }
}
