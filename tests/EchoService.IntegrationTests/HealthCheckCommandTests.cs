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
    [InlineData("https_ports=9443", null)]
    public void AsksWhereTheServiceListens(string settings, string? expected) =>
        Assert.Equal(expected, HealthCheckCommand.LivezUri(Configuration(settings))?.ToString());

    [Theory]
    [InlineData("http_ports=0", "unhealthy: the configuration names no http port to ask (it is 0 or https)")]
    [InlineData("urls=nonsense", "unhealthy: the management endpoint can't be read: ")]
    public async Task SaysWhyItCannotAsk(string settings, string line)
    {
        await using var output = new StringWriter();

        Assert.Equal(1, await HealthCheckCommand.RunAsync(Configuration(settings), output));

        var written = output.ToString();
        Assert.StartsWith(line, written, StringComparison.Ordinal);
        Assert.Single(written.TrimEnd().Split('\n'));
    }

    private static IConfiguration Configuration(string settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .Select(pair => KeyValuePair.Create<string, string?>(pair[0], pair[1])))
        .Build();
}
