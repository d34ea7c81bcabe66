using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EchoService.IntegrationTests.Configuration;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Extensions.Configuration;

namespace EchoService.IntegrationTests;

public class HealthCheckCommandTests
{
    [Theory]
    [InlineData("", "http://localhost:8080/livez")]
    [InlineData("http_ports=9090", "http://localhost:9090/livez")]
    [InlineData("http_ports=0;9091", "http://localhost:9091/livez")]
    [InlineData("http_ports=9090 urls=http://+:9092", "http://localhost:9092/livez")]
    [InlineData("urls=http://0.0.0.0:9093", "http://localhost:9093/livez")]
    [InlineData("urls=http://[::]:9094", "http://localhost:9094/livez")]
    [InlineData("urls=http://10.1.2.3:9095", "http://10.1.2.3:9095/livez")]
    [InlineData("urls=http://[::1]:9096", "http://[::1]:9096/livez")]
    [InlineData("urls=https://*:9443;http://*:9097", "http://localhost:9097/livez")]
    [InlineData("urls=http://*:1 Kestrel:Endpoints:Management:Url=http://*:9098", "http://localhost:9098/livez")]
    [InlineData("http_ports=0", null)]
    [InlineData("https_ports=9443", "https://localhost:9443/livez")]
    [InlineData("urls=http://unix:/tmp/management.sock", "/tmp/management.sock: /livez")]
    public void AsksWhereTheServiceListens(string settings, string? expected) =>
        Assert.Equal(expected, HealthCheckCommand.Address(Configuration(settings)) is { } address ? HealthCheckCommand.Describe(address) : null);

    [Theory]
    [InlineData("http_ports=0", "unhealthy: the configuration names no port to ask (it is 0)")]
    [InlineData("urls=nonsense", "unhealthy: the management endpoint can't be read: ")]
    public async Task SaysWhyItCannotAsk(string settings, string line)
    {
        await using var output = new StringWriter();

        Assert.Equal(1, HealthCheckCommand.Run(Configuration(settings), output));

        var written = output.ToString();
        Assert.StartsWith(line, written, StringComparison.Ordinal);
        Assert.Single(written.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("--urls=http://127.0.0.1:PORT")]
    [InlineData("--Kestrel:Endpoints:Management:Url=http://127.0.0.1:PORT")]
    [InlineData("--urls=http://unix:SOCKET")]
    [InlineData("--Kestrel:Endpoints:Management:Url=http://unix:SOCKET")]
    [InlineData("--urls=https://127.0.0.1:PORT")]
    [InlineData("--Kestrel:Endpoints:Management:Url=https://127.0.0.1:PORT")]
    [InlineData("--Kestrel:Endpoints:Management:Url=https://unix:SOCKET")]
    public async Task FindsTheServiceAndSaysHowItIs(string setting)
    {
        var path = Path.Combine(Path.GetTempPath(), $"echo-{Guid.NewGuid():N}.sock");
        setting = setting.Replace("PORT", "0", StringComparison.Ordinal).Replace("SOCKET", path, StringComparison.Ordinal);
        string asked;
        var certificate = Certificate();
        await using (var host = await EchoHost.StartAsync(setting["--".Length..], $"Kestrel:Certificates:Default:Path={certificate}", "Kestrel:Certificates:Default:Password=test"))
        {
            asked = setting.Replace(":0", $":{host.ManagementUri.Port}", StringComparison.Ordinal);
            // On a loaded machine it may take longer to answer than the command waits.
            var healthy = await Eventually.BecomesAsync(() => ServiceProcess.RunAsync(["--healthcheck", asked]), result => result.ExitCode == 0);
            healthy.Output.ShouldStartWith("healthy: ");
            healthy.Output.TrimEnd().ShouldEndWith("answered 200");
        }

        File.Delete(certificate);

        var (failed, reason, errors) = await ServiceProcess.RunAsync(["--healthcheck", asked]);
        reason.ShouldStartWith("unhealthy: ");
        errors.ShouldBeEmpty();
        failed.ShouldBe(1);
    }

    /// <summary>Writes a certificate for localhost that nobody has a reason to trust.</summary>
    /// <returns>Where it is.</returns>
    private static string Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, "test"));
        return path;
    }

    private static IConfiguration Configuration(string settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .Select(pair => KeyValuePair.Create<string, string?>(pair[0], pair[1])))
        .Build();
}
