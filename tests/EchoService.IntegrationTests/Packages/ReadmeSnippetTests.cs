using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Packages;

/// <summary>What the READMEs show of the module compiles.</summary>
public sealed class ReadmeSnippetTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("src/EchoService.Testcontainers/README.md")]
    public async Task TheSnippetIsTheOneThatIsCompiledHere(string readme)
    {
        var source = await File.ReadAllLinesAsync(Repository.PathOf("tests", "EchoService.IntegrationTests", "Packages", "ReadmeSnippetTests.cs"), TestContext.Current.CancellationToken);
        var from = Array.FindIndex(source, line => line.Contains($"Task {nameof(RunAsync)}(", StringComparison.Ordinal)) + 2;
        var snippet = source.Skip(from).TakeWhile(line => line != "    }").Select(line => line.Trim()).ToList();
        snippet.Count.ShouldBe(4);
        var text = await File.ReadAllTextAsync(Repository.PathOf(readme), TestContext.Current.CancellationToken);
        text.ShouldContain($"```csharp\n{string.Join('\n', snippet)}\n```");
    }

    // Not run: the image is named by version here. ModuleTests do the same with the image that is tested.
    internal static async Task RunAsync(TcpClient client)
    {
        await using var echo = new EchoServiceBuilder().WithFaults().WithUdp().Build();
        await echo.StartAsync();
        await client.ConnectAsync(echo.EchoEndPoint);
        await echo.Management.InjectAsync(new Fault.Reset { AfterBytes = 1000, Duration = TimeSpan.FromSeconds(10) });
    }
}
