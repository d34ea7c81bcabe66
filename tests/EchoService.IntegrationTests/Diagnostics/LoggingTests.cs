using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using EchoService.Diagnostics;
using EchoService.Diagnostics.Metrics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed partial class LoggingTests
{
    [Fact]
    public void DocumentationListsEveryMessageWithItsLevel()
    {
        var inCode = typeof(EchoMetrics).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Select(method => (Method: method, Message: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(entry => entry.Message is not null)
            .Select(entry => $"{entry.Message!.EventId} {entry.Message.Level} {entry.Method.DeclaringType!.Namespace![("EchoService".Length + 1)..]}")
            .ToList();
        inCode.Select(entry => entry.Split(' ')[0]).ShouldBeUnique();
        var documented = Row().Matches(File.ReadAllText(Repository.PathOf("docs", "logging.md")))
            .Select(match => $"{match.Groups["id"].Value} {match.Groups["level"].Value} {match.Groups["part"].Value}");
        documented.ShouldBe(inCode, ignoreOrder: true);
    }

    [Fact]
    public async Task MinuteWithTrafficIsSummedUpInOneLineAndAnIdleOneInNone()
    {
        var time = new SteppedTimeProvider();
        var log = new ListLogger<TrafficSummary>();
        await using var host = await MonitoredService.StartAsync();
        using var summary = new TrafficSummary(host.Server, time, log);
        await summary.StartAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMinutes(3));
        log.Lines.ShouldBeEmpty();

        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        for (var i = 0; i < 100; i++)
        {
            await client.EchoAsync(10);
        }

        await Eventually.TrueAsync(() => host.Server.Counters.ReadBytes().Sent == 1000);
        time.Advance(TimeSpan.FromSeconds(59));
        log.Lines.ShouldBeEmpty();
        time.Advance(TimeSpan.FromSeconds(1));
        log.Lines.ShouldBe([
            (LogLevel.Information, 4000, "Last 60 s: 1 accepted, 0 closed, 0 rejected, 0 accept errors, 1000 bytes received, 1000 bytes sent; 1 open now"),
        ]);

        time.Advance(TimeSpan.FromMinutes(10));
        log.Lines.Count.ShouldBe(1);
        await client.FinishAsync();
        await host.AllGoneAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        log.Lines[^1].Text.ShouldStartWith("Last 60 s: 0 accepted, 1 closed, ");
        await summary.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task MessagesAndConnectionsAreNotLoggedAndResetsOnlyAtDebug()
    {
        var log = new ListLogger<EchoServer>();
        await using var host = await MonitoredService.StartAsync(builder => builder.Services.AddSingleton<ILogger<EchoServer>>(log));
        using (var client = await EchoClient.ConnectAsync(host.EndPoint))
        {
            await client.EchoAsync(10_000);
            await client.FinishAsync();
        }

        using (var client = await EchoClient.ConnectAsync(host.EndPoint))
        {
            await client.EchoAsync(10);
            client.Reset();
        }

        await host.AllGoneAsync();
        await Eventually.TrueAsync(() => log.Lines.Any(line => line.Id == 1021));
        log.Lines.Where(line => line.Id != 1000).ShouldHaveSingleItem().Level.ShouldBe(LogLevel.Debug);
    }

    [Fact]
    public async Task OneSettingMakesEveryLineJSON()
    {
        await using var service = await EchoProcess.StartAsync("Logging:Console:FormatterName=json");
        var ids = new List<int>();
        foreach (var line in service.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var entry = JsonDocument.Parse(line).RootElement;
            entry.GetProperty("LogLevel").GetString().ShouldBe("Information");
            entry.GetProperty("Timestamp").GetString().ShouldEndWith("Z ");
            entry.GetProperty("Message").GetString().ShouldNotBeNullOrEmpty();
            ids.Add(entry.GetProperty("EventId").GetInt32());
        }

        ids.ShouldContain(3000);
    }

    [GeneratedRegex(@"^\| (?<id>\d+) \| (?<level>\w+) \| (?<part>\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    private sealed class ListLogger<T> : ILogger<T>
    {
        private readonly List<(LogLevel Level, int Id, string Text)> _lines = [];

        public IReadOnlyList<(LogLevel Level, int Id, string Text)> Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
            {
                _lines.Add((logLevel, eventId.Id, formatter(state, exception)));
            }
        }
    }
}
