using System.Net;
using EchoService.Configuration;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Udp;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>What each setting takes and refuses.</summary>
public sealed class SettingsTests
{
    /// <summary>Every setting: a good value and what it becomes, then a bad one.</summary>
    public static TheoryData<string, string, string, string> Settings => new()
    {
        { "Echo:Address", "127.0.0.1", "127.0.0.1", "localhost" },
        { "Echo:Address", "::1", "::1", "1" },
        { "Echo:Address", "2001:db8::1", "2001:db8::1", "[::1]:80" },
        { "Echo:Address", "0.0.0.0", "0.0.0.0", "" },
        { "Echo:Port", "0", "0", "-1" },
        { "Echo:Port", "65535", "65535", "65536" },
        { "Echo:Port", "7", "7", "seven" },
        { "Echo:Port", "7007", "7007", "7,007" },
        { "Echo:Port", "7007", "7007", "" },
        { "Echo:BannerPort", "7008", "7008", "none" },
        { "Echo:MaxConnections", "1", "1", "0" },
        { "Echo:MaxConnections", "1000000", "1000000", "1000001" },
        { "Echo:LimitPolicy", "queue", "Queue", "drop" },
        { "Echo:LimitPolicy", "Reject", "Reject", "1" },
        { "Echo:Backlog", "65535", "65535", "0" },
        { "Echo:PendingAccepts", "256", "256", "257" },
        { "Echo:ReceiveBufferSize", "16", "16", "15" },
        { "Echo:MaxReceiveBufferSize", "16777216", "16777216", "16777217" },
        { "Echo:SocketSendBuffer", "65536", "65536", "-1" },
        { "Echo:SocketReceiveBuffer", "1073741824", "1073741824", "1073741825" },
        { "Echo:NoDelay", "false", "False", "no" },
        { "Echo:KeepAlive", "00:00:30", "00:00:30", "00:00:00.5" },
        { "Echo:KeepAlive", "0", "00:00:00", "10:00:00" },
        { "Echo:IdleTimeout", "01:00:00", "01:00:00", "30" },
        { "Echo:IdleTimeout", "00:00:00.250", "00:00:00.2500000", "00:00:00.05" },
        { "Echo:IdleTimeout", "1.12:00:00", "1.12:00:00", "36:00:00" },
        { "Echo:SendTimeout", "00:00:00", "00:00:00", "-00:00:01" },
        { "Echo:MaxLifetime", "30.00:00:00", "30.00:00:00", "31.00:00:00" },
        { "Echo:CloseTimeout", "00:00:00", "00:00:00", "5s" },
        { "Echo:ProxyHeaderTimeout", "00:00:10", "00:00:10", "00:00:00" },
        { "Echo:Udp:Enabled", "true", "True", "1" },
        { "Echo:Udp:RatePerSource", "1", "1", "0" },
        { "Drain:ReadinessDelay", "00:00:00", "00:00:00", "-1" },
        { "Drain:Timeout", "00:10:00", "00:10:00", "1:2:3:4" },
        { "Drain:Spread", "-1", "-00:00:01", "-2" },
        { "Drain:Spread", "0", "00:00:00", "never" },
        { "Drain:OnDeadline", "fin", "Fin", "rst" },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void TakesWhatIsGoodAndNamesWhatIsBad(string key, string good, string becomes, string bad)
    {
        using (var app = Build($"--{key}={good}"))
        {
            var parts = key.Split(':');
            object options = parts[0] == "Echo" ? app.Services.GetRequiredService<EchoOptions>() : app.Services.GetRequiredService<DrainOptions>();
            var value = parts[1..].Aggregate(options, (value, name) => value.GetType().GetProperty(name)!.GetValue(value)!);
            value.ToString().ShouldBe(becomes);
        }

        var problem = Refuse($"--{key}={bad}").ShouldHaveSingleItem();
        problem.ShouldStartWith($"{key} = \"{bad}\": must be ");
    }

    [Theory]
    [InlineData("http://10.0.0.7:8080", "http://10.0.0.7:8080/")]
    [InlineData("https://echo.example.org/pods/a/", "https://echo.example.org/pods/a/")]
    [InlineData("http://[fd00::7]:8080", "http://[fd00::7]:8080/")]
    [InlineData("http://fd00::7:8080", "http://[fd00::7]:8080/")]
    public void ThePublicUrlIsOneThatOthersCanUse(string given, string becomes)
    {
        using var app = Build($"--Management:PublicUrl={given}");
        app.Services.GetRequiredService<ManagementOptions>().PublicUrl!.AbsoluteUri.ShouldBe(becomes);
    }

    [Theory]
    [InlineData("10.0.0.7:8080")]
    [InlineData("/stats")]
    [InlineData("ftp://10.0.0.7")]
    [InlineData("http://user@10.0.0.7")]
    [InlineData("http://10.0.0.7?x=1")]
    [InlineData("http://")]
    [InlineData("http://:8080")]
    [InlineData("")]
    public void OtherUrlsAreRefused(string url) =>
        Refuse($"--Management:PublicUrl={url}").ShouldHaveSingleItem().ShouldStartWith($"Management:PublicUrl = \"{url}\": must be an absolute URL");

    [Fact]
    public void TheBannerHasAPortOfItsOwn() =>
        Refuse("--Echo:Port=7100", "--Echo:BannerPort=7100").ShouldHaveSingleItem().ShouldBe("Echo:BannerPort = \"7100\": must be another port than Echo:Port, or 0 for any");

    [Fact]
    public void EverySettingHasATest()
    {
        var tested = Settings.Select(row => row.Data.Item1).Distinct();
        var known = EchoSettings.Table.Select(setting => $"Echo:{setting.Key}").Concat(DrainSettings.Table.Select(setting => $"Drain:{setting.Key}"));
        // Those two say nothing alone; they have tests of their own.
        known.Except(["Echo:ProxyProtocol", "Echo:TrustedProxies"]).ShouldBe(tested, ignoreOrder: true);
    }

    [Fact]
    public void TheDefaultsAreThoseOfTheContract()
    {
        using var app = Build();
        var echo = app.Services.GetRequiredService<EchoOptions>();
        var drain = app.Services.GetRequiredService<DrainOptions>();
        echo.ShouldSatisfyAllConditions(
            () => echo.Address.ShouldBe(IPAddress.IPv6Any),
            () => echo.Port.ShouldBe(7007),
            () => echo.BannerPort.ShouldBeNull(),
            () => echo.MaxConnections.ShouldBe(10_000),
            () => echo.LimitPolicy.ShouldBe(LimitPolicy.Reject),
            () => echo.Backlog.ShouldBe(512),
            () => echo.PendingAccepts.ShouldBe(1),
            () => echo.ReceiveBufferSize.ShouldBe(1024),
            () => echo.MaxReceiveBufferSize.ShouldBe(65_536),
            () => echo.SocketSendBuffer.ShouldBe(0),
            () => echo.SocketReceiveBuffer.ShouldBe(0),
            () => echo.NoDelay.ShouldBeTrue(),
            () => echo.KeepAlive.ShouldBe(TimeSpan.FromMinutes(1)),
            () => echo.IdleTimeout.ShouldBe(TimeSpan.Zero),
            () => echo.SendTimeout.ShouldBe(TimeSpan.FromSeconds(30)),
            () => echo.MaxLifetime.ShouldBe(TimeSpan.Zero),
            () => echo.CloseTimeout.ShouldBe(TimeSpan.FromSeconds(5)),
            () => echo.ProxyProtocol.ShouldBe(ProxyProtocolMode.Off),
            () => echo.TrustedProxies.ShouldBeEmpty(),
            () => echo.ProxyHeaderTimeout.ShouldBe(TimeSpan.FromSeconds(3)),
            () => echo.Udp.ShouldBe(new UdpOptions { Enabled = false, RatePerSource = 1000 }),
            () => drain.ShouldBe(new DrainOptions
            {
                ReadinessDelay = TimeSpan.FromSeconds(5),
                Timeout = TimeSpan.FromSeconds(30),
                Spread = TimeSpan.FromSeconds(15),
                OnDeadline = DeadlineAction.Reset,
            }),
            () => app.Services.GetRequiredService<ManagementOptions>().ApiKey.ShouldBeNull(),
            () => app.Configuration["http_ports"].ShouldBe("8080"));
    }

    [Theory]
    [InlineData("Echo:Prot", "Echo:Port")]
    [InlineData("Echo:maxconnection", "Echo:MaxConnections")]
    [InlineData("Echo:Udp:Enable", "Echo:Udp:Enabled")]
    [InlineData("Drain:Timout", "Drain:Timeout")]
    [InlineData("Echo:TrustedProxies:first", "Echo:TrustedProxies")]
    [InlineData("Echo:Port:0", "Echo:Port")]
    public void AnUnknownKeyIsNamedWithItsNearest(string key, string nearest) =>
        Refuse($"--{key}=1").ShouldBe([$"{key} = \"1\": is not a setting; the nearest is {nearest}"]);

    [Theory]
    [InlineData("Management:ApiKye", "Management:ApiKey")]
    [InlineData("Management:ApiKey:0", "Management:ApiKey")]
    [InlineData("Management:Key", "Management:ApiKey")]
    public void AnUnknownKeyBesideASecretMayHoldIt(string key, string nearest) =>
        Refuse($"--{key}=correct-horse-battery-staple").ShouldBe([$"{key} = (not shown): is not a setting; the nearest is {nearest}"]);

    [Fact]
    public void KeysAreNotCaseSensitive()
    {
        using var app = Build("--echo:PORT=7100");
        app.Services.GetRequiredService<EchoOptions>().Port.ShouldBe(7100);
    }

    [Theory]
    [InlineData("--Echo:TrustedProxies=10.0.0.0/8,fd00::/8")]
    [InlineData("--Echo:TrustedProxies= 10.0.0.0/8 , fd00::/8 ")]
    [InlineData("--Echo:TrustedProxies:0=10.0.0.0/8", "--Echo:TrustedProxies:1=fd00::/8")]
    public void TrustedProxiesAreAListOrATextWithCommas(params string[] args)
    {
        using var app = Build(["--Echo:ProxyProtocol=required", .. args]);
        app.Services.GetRequiredService<EchoOptions>().TrustedProxies.ShouldBe([Range("10.0.0.0/8"), Range("fd00::/8")]);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.0/8,proxies")]
    public void TrustedProxiesAreRanges(string value) =>
        Refuse($"--Echo:TrustedProxies={value}").ShouldBe([$"Echo:TrustedProxies = \"{value}\": must be address ranges (CIDR) such as 10.0.0.0/8 or fd00::/8"]);

    [Fact]
    public void ProxyProtocolNeedsTrustedProxies() =>
        Refuse("--Echo:ProxyProtocol=required").ShouldHaveSingleItem().ShouldStartWith("Echo:TrustedProxies = \"\": must name the address ranges");

    [Fact]
    public void ProxyProtocolIsOffOrRequired() =>
        Refuse("--Echo:ProxyProtocol=v2").ShouldBe(["Echo:ProxyProtocol = \"v2\": must be off or required"]);

    [Fact]
    public void ABufferGrowsAndDoesNotShrink() =>
        Refuse("--Echo:ReceiveBufferSize=4096", "--Echo:MaxReceiveBufferSize=2048").ShouldBe(
            ["Echo:MaxReceiveBufferSize = \"2048\": must be at least Echo:ReceiveBufferSize, which is 4096"]);

    [Theory]
    [InlineData("")]
    [InlineData("two words in one long key")]
    [InlineData("fifteen-letters")]
    [InlineData("schlüssel-für-die-tür")]
    public void ABadKeyIsRefusedAndNotShown(string key)
    {
        var problem = Refuse($"--Management:ApiKey={key}").ShouldHaveSingleItem();
        problem.ShouldStartWith("Management:ApiKey = (not shown): must be ");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("fifteen-letters\n")]
    [InlineData("the-first-one-of-two\nthe-second-one-of-two\n")]
    public void AKeyFileHoldsOneKey(string content)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, content);
            Refuse($"--Management:ApiKeyFile={path}").ShouldHaveSingleItem().ShouldStartWith($"Management:ApiKeyFile = \"{path}\": must be a readable file that holds one key");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/dev/zero")]
    [InlineData("")]
    public void AKeyFileIsAFile(string path) =>
        Refuse($"--Management:ApiKeyFile={path}").ShouldHaveSingleItem().ShouldStartWith($"Management:ApiKeyFile = \"{path}\": must be a readable file");

    [Fact]
    public void ThereIsOneKey() =>
        Refuse("--Management:ApiKey=0123456789abcdef", "--Management:ApiKeyFile=/dev/null")
            .ShouldContain("Management:ApiKeyFile = \"/dev/null\": must not be given together with Management:ApiKey");

    [Theory]
    [InlineData("urls", "localhost:8080")]
    [InlineData("urls", "ftp://localhost:21")]
    [InlineData("urls", "http://localhost:99999")]
    [InlineData("urls", "http://*:80a")]
    [InlineData("urls", "http://localhost:8080/path")]
    [InlineData("urls", ";")]
    [InlineData("http_ports", "http")]
    [InlineData("http_ports", "8080;70000")]
    [InlineData("https_ports", "-1")]
    [InlineData("Kestrel:Endpoints:Web:Url", "")]
    [InlineData("Kestrel:Endpoints:Web:Url", "8080")]
    public void AManagementEndpointThatCannotBeIsNamed(string key, string value) =>
        Refuse($"--{key}={value}").ShouldHaveSingleItem().ShouldStartWith($"{key} = \"{value}\": must be ");

    [Theory]
    [InlineData("urls", "http://127.0.0.1:0")]
    [InlineData("urls", "http://*:8080;http://[::1]:8081")]
    [InlineData("urls", "http://+:8080")]
    [InlineData("urls", "http://localhost")]
    [InlineData("urls", "http://unix:/tmp/echo.sock")]
    [InlineData("http_ports", "8080;8081")]
    [InlineData("Kestrel:Endpoints:Web:Url", "http://127.0.0.1:0")]
    public void AManagementEndpointThatIsGivenReplacesTheDefault(string key, string value)
    {
        using var app = Build($"--{key}={value}");
        app.Configuration["http_ports"].ShouldBe(key == "http_ports" ? value : null);
    }

    private static Unstarted Build(params string[] args) => new(EchoServiceApplication.Build(args));

    private static IReadOnlyList<string> Refuse(params string[] args) =>
        Should.Throw<StartupException>(() => EchoServiceApplication.Build(args)).Problems;

    /// <summary>An application that is built and never started.</summary>
    private sealed class Unstarted(WebApplication application) : IDisposable
    {
        public IServiceProvider Services => application.Services;

        public IConfiguration Configuration => application.Configuration;

        public void Dispose() => ((IDisposable)application).Dispose();
    }

    private static AddressRange Range(string text) => AddressRange.TryParseCidr(text, out var range) ? range : throw new ArgumentException(text);
}
