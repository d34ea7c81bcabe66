using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>What whoever started the real process sees: an exit code that is not 0, a line per problem, and no stack trace.</summary>
public sealed class FailedStartTests
{
    [Fact]
    public async Task NamesEveryProblem()
    {
        var errors = await FailAsync(
            ["--Echo:Port=70000", "--Echo:Prot=1", "--Drain:OnDeadline=explode", "--urls=nonsense"],
            ("Echo__IdleTimeout", "30"),
            ("Management__ApiKeyFile", "/does/not/exist"));
        errors.Length.ShouldBe(6);
        errors.ShouldContain("Echo:Port = \"70000\": must be a whole number from 0 to 65535");
        errors.ShouldContain("Echo:Prot = \"1\": is not a setting; the nearest is Echo:Port");
        errors.ShouldContain("Drain:OnDeadline = \"explode\": must be reset or fin");
        errors.ShouldContain(error => error.StartsWith("Echo:IdleTimeout = \"30\": must be 0 (never), or a duration", StringComparison.Ordinal) && error.EndsWith("for 30 seconds write 00:00:30", StringComparison.Ordinal));
        errors.ShouldContain(error => error.StartsWith("Management:ApiKeyFile = \"/does/not/exist\": must be a readable file", StringComparison.Ordinal));
        errors.ShouldContain(error => error.StartsWith("urls = \"nonsense\": must be addresses", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheEchoPortIsTaken()
    {
        using var other = Listen();
        var errors = await FailAsync([$"--Echo:Port={PortOf(other)}", "--urls=http://127.0.0.1:0"]);
        errors.ShouldBe([$"Echo:Port = \"{PortOf(other)}\": is taken on ::; must be a free port, or 0 for any"]);
    }

    [Fact]
    public async Task TheEchoPortIsTakenForUdpAlone()
    {
        using var other = TakeForUdpAlone();
        var errors = await FailAsync([$"--Echo:Port={PortOf(other)}", "--Echo:Udp:Enabled=true", "--urls=http://127.0.0.1:0"]);
        errors.ShouldBe([$"Echo:Port = \"{PortOf(other)}\": is taken on :: for UDP; must be a free port, or 0 for any"]);
    }

    [Fact]
    public async Task TheBannerPortIsTaken()
    {
        using var other = Listen();
        var errors = await FailAsync(["--Echo:Port=0", $"--Echo:BannerPort={PortOf(other)}", "--urls=http://127.0.0.1:0"]);
        errors.ShouldBe([$"Echo:BannerPort = \"{PortOf(other)}\": is taken on ::; must be a free port, or 0 for any"]);
    }

    [Fact]
    public async Task TheEchoAddressIsNotOurs()
    {
        var errors = await FailAsync(["--Echo:Port=0", "--Echo:Address=192.0.2.1", "--urls=http://127.0.0.1:0"]);
        errors.Single().ShouldStartWith("Echo:Address = \"192.0.2.1\": is not here; must be an address of this machine");
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://127.0.0.1:PORT", "urls")]
    [InlineData("ASPNETCORE_HTTP_PORTS", "PORT", "http_ports")]
    [InlineData("Kestrel__Endpoints__Management__Url", "http://127.0.0.1:PORT", "Kestrel:Endpoints:Management:Url")]
    public async Task TheManagementPortIsTaken(string variable, string value, string key)
    {
        using var other = Listen();
        value = value.Replace("PORT", $"{PortOf(other)}", StringComparison.Ordinal);
        var errors = await FailAsync(["--Echo:Port=0"], (variable, value));
        errors.Single().ShouldStartWith($"{key} = \"{value}\": the management API cannot listen: ");
        errors.Single().ShouldContain("already in use");
    }

    [Theory]
    [InlineData("https://127.0.0.1:0", "certificate")]
    [InlineData("http://192.0.2.1:0", "Cannot assign requested address")]
    public async Task TheManagementEndpointCannotBe(string url, string reason)
    {
        var errors = await FailAsync(["--Echo:Port=0", $"--urls={url}"]);
        errors.Single().ShouldStartWith($"urls = \"{url}\": the management API cannot listen: ");
        errors.Single().ShouldContain(reason);
    }

    [Fact]
    public async Task TheCommandLineCannotBeRead() =>
        (await FailAsync(["-p=7"])).Single().ShouldStartWith("configuration: ");

    [Fact]
    public async Task AnOpenTelemetrySettingCannotBeUsed()
    {
        var errors = await FailAsync(
            ["--Echo:Port=0", "--urls=http://127.0.0.1:0"],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "-5"),
            ("OTEL_SDK_DISABLED", "maybe"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/does/not/exist"),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", ""));
        errors.ShouldBe(
            [
                "OTEL_EXPORTER_OTLP_ENDPOINT = \"collector\": must be an address such as http://collector:4317",
                "OTEL_EXPORTER_OTLP_PROTOCOL = \"http/json\": must be grpc or http/protobuf",
                "OTEL_EXPORTER_OTLP_HEADERS = (not shown): must be pairs such as name=value, separated by commas",
                "OTEL_EXPORTER_OTLP_TIMEOUT = \"10s\": must be a whole number from 1 to 2147483647",
                "OTEL_METRIC_EXPORT_INTERVAL = \"-5\": must be a whole number from 1 to 2147483647",
                "OTEL_SDK_DISABLED = \"maybe\": must be true or false",
                "OTEL_EXPORTER_OTLP_CERTIFICATE = \"/does/not/exist\": must be a readable file",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public async Task ALinkLocalAddressLacksItsZone() =>
        (await FailAsync(["--Echo:Address=fe80::a"])).ShouldBe(
            ["Echo:Address = \"fe80::a\": must be an IPv4 or IPv6 address such as 0.0.0.0 or ::; a link-local address is one of an interface, and needs its zone: fe80::a%eth0, say"]);

    [Fact]
    public async Task SomethingThatNobodyForesaw()
    {
        // The logging of .NET is not ours to check, and throws.
        var error = (await FailAsync(["--Echo:Port=0", "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Debg"])).ShouldHaveSingleItem();
        error.ShouldStartWith("EchoService cannot go on: ");
        error.ShouldContain("Debg");
    }

    private static async Task<string[]> FailAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var (exitCode, output, errors) = await ServiceProcess.RunAsync(arguments, environment);
        exitCode.ShouldBe(1);
        output.ShouldNotContain("   at ");
        output.ShouldNotContain("Exception");
        errors.ShouldNotContain(error => error.StartsWith(' '));
        return errors;
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        socket.Listen();
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>
    /// A UDP port whose number no TCP socket has. Below the ports that the kernel gives to clients, of which the other
    /// tests have thousands: one of theirs would make the TCP bind fail first.
    /// </summary>
    private static Socket TakeForUdpAlone()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                using var tcp = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
                tcp.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
                socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, port));
                return socket;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                socket.Dispose();
            }
        }
    }
}
