using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport;
using EchoService.Transport.Accepting;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>An accept that fails never ends the listener, and a lack of descriptors never ends the process.</summary>
public sealed class AcceptErrorTests
{
    private const int OpenFiles = 4096;

    [Theory]
    [InlineData(SocketError.ConnectionAborted, "Aborted")]
    [InlineData(SocketError.ConnectionReset, "Aborted")]
    [InlineData(SocketError.Interrupted, "Aborted")]
    [InlineData(SocketError.NetworkUnreachable, "Aborted")]
    [InlineData(SocketError.TooManyOpenSockets, "Descriptors")]
    [InlineData(SocketError.NoBufferSpaceAvailable, "Memory")]
    [InlineData(SocketError.AccessDenied, "Other")]
    [InlineData(SocketError.SocketError, "Other")]
    public void ErrorsAreSortedByWhatHasToBeDone(SocketError error, string tier) =>
        AcceptErrors.Classify(error).ToString().ShouldBe(tier);

    [Fact]
    [Needs(Need.Linux)]
    public async Task GoesOnByItselfAfterDescriptorsRanOut()
    {
        const int Room = 50;
        await using var service = await EchoProcess.StartAsync(OpenFiles, "Echo:PendingAccepts=4");
        using var management = service.OpenManagement();
        using var keeper = await service.Target.ConnectAsync();
        await keeper.EchoAsync(100_000);
        (await CountAcceptErrorsAsync(management, "descriptors")).ShouldBe(0);
        await service.LimitOpenFilesAsync(service.OpenFiles + Room);

        var began = Stopwatch.GetTimestamp();
        // The kernel completes these connections; the service cannot accept them all.
        var clients = new EchoClient[120];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i] = await service.Target.ConnectAsync(i);
            await clients[i].SendAsync(10);
        }

        // It goes on trying, but ever more slowly: each of its four accepts once a second in the end.
        var errors = await Eventually.BecomesAsync(() => CountAcceptErrorsAsync(management, "descriptors"), errors => errors >= 16);
        errors.ShouldBeLessThan(40 + (5 * (int)Stopwatch.GetElapsedTime(began).TotalSeconds));
        await keeper.EchoAsync(100_000);
        (await service.Target.GetStatsAsync()).Active.ShouldBeInRange(Room / 2, Room + 10);

        // Those who are served leave. Those who wait are served then, without a new client coming to wake anybody up.
        foreach (var client in clients)
        {
            await client.ReceiveAsync(10);
            await client.FinishAsync();
            client.Dispose();
        }

        using var newClient = await service.Target.ConnectAsync();
        await newClient.EchoAsync(1000);
        await newClient.FinishAsync();
        await keeper.FinishAsync();
        var stats = await service.Target.WaitForAsync(stats => stats is { Active: 0, EventArgsInUse: 0, BufferBytesInUse: 0 });
        stats.Accepted.ShouldBe(clients.Length + 2);
        stats.ClosedTotal.ShouldBe(stats.Accepted);
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task AnAcceptThatFailsGivesBackThePlaceThatItHadTaken()
    {
        const int Places = 2;
        await using var service = await EchoProcess.StartAsync(
            OpenFiles, "Echo:LimitPolicy=queue", $"Echo:MaxConnections={Places}", $"Echo:PendingAccepts={Places}");
        using var management = service.OpenManagement();
        (await CountAcceptErrorsAsync(management, "descriptors")).ShouldBe(0);
        await AcceptOneAsync(service);
        await service.LimitOpenFilesAsync(service.OpenFiles);
        using var first = await service.Target.ConnectAsync();
        await Eventually.BecomesAsync(() => CountAcceptErrorsAsync(management, "descriptors"), errors => errors >= 2 * Places);

        await service.LimitOpenFilesAsync(OpenFiles);

        using var second = await service.Target.ConnectAsync();
        await first.EchoAsync(1000);
        await second.EchoAsync(1000);
        await first.FinishAsync();
        await second.FinishAsync();
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task TheBackoffBeginsAnewAfterAnAcceptThatWorked()
    {
        const int Episodes = 4;
        const int Errors = 7;
        await using var service = await EchoProcess.StartAsync(OpenFiles, "Echo:PendingAccepts=1");
        using var management = service.OpenManagement();
        await AcceptOneAsync(service);
        var shortest = TimeSpan.MaxValue;
        // Once it has come to its longest backoff, a second lies between any two errors; from the beginning, six steps
        // take 0.63 s together. A machine that is busy adds to that, so the best of some counts.
        for (var episode = 0; episode <= Episodes && (episode < 2 || shortest > TimeSpan.FromSeconds(4)); episode++)
        {
            var before = await CountAcceptErrorsAsync(management, "descriptors");
            await service.LimitOpenFilesAsync(service.OpenFiles);
            using var client = await service.Target.ConnectAsync();
            await client.SendAsync(10);
            await Eventually.BecomesAsync(() => CountAcceptErrorsAsync(management, "descriptors"), errors => errors > before);
            var began = Stopwatch.GetTimestamp();
            await Eventually.BecomesAsync(() => CountAcceptErrorsAsync(management, "descriptors"), errors => errors >= before + Errors);
            if (episode == 0)
            {
                await Eventually.BecomesAsync(() => CountAcceptErrorsAsync(management, "descriptors"), errors => errors >= before + Errors + 3);
            }
            else if (Stopwatch.GetElapsedTime(began) is var elapsed && elapsed < shortest)
            {
                shortest = elapsed;
            }

            await service.LimitOpenFilesAsync(OpenFiles);
            await client.ReceiveAsync(10);
            await client.FinishAsync();
        }

        shortest.ShouldBeLessThan(TimeSpan.FromSeconds(4));
    }

    [Theory]
    [InlineData(800, 2)]
    [InlineData(1000, 256)]
    [Needs(Need.Linux)]
    public async Task ConnectionsLeaveDescriptorsForTheRestOfTheProcess(int openFiles, int socketThreads)
    {
        await using var service = await EchoProcess.StartWithSocketThreadsAsync(openFiles, socketThreads);
        using var management = service.OpenManagement();
        var limit = (await service.Target.GetStatsAsync()).Limit;
        limit.ShouldBe(DescriptorBudget.Share(openFiles, new EchoOptions(), 256, socketThreads).Connections);
        (await service.WaitForOutputAsync("limit on open files")).ShouldContain(limit.ToString(CultureInfo.InvariantCulture));

        // More than the process could ever hold. Those beyond the limit are turned away, and all else goes on.
        var clients = new EchoClient[openFiles];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i] = await service.Target.ConnectAsync(i);
        }

        var stats = await service.Target.WaitForAsync(stats => stats.Accepted + stats.Rejected["limit"] == clients.Length);
        stats.Active.ShouldBe(limit);
        (await CountAcceptErrorsAsync(management, "descriptors")).ShouldBe(0);
        foreach (var client in clients)
        {
            client.Dispose();
        }

        await service.Target.WaitForAsync(stats => stats.Active == 0);
        using var newClient = await service.Target.ConnectAsync();
        await newClient.EchoAsync(1000);
        await newClient.FinishAsync();
    }

    /// <summary>
    /// Compiled as it runs, it reads its own files when it needs them first, and the runtime ends the process when it cannot
    /// ("Out of memory"): so one client comes while there are descriptors.
    /// </summary>
    private static async Task AcceptOneAsync(EchoProcess service)
    {
        using var client = await service.Target.ConnectAsync();
        await client.EchoAsync(1000);
        await client.FinishAsync();
        await service.Target.WaitForAsync(stats => stats.Active == 0);
    }

    private static async Task<long> CountAcceptErrorsAsync(HttpClient management, string error)
    {
        string metrics;
        try
        {
            metrics = await management.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException exception) when (exception.InnerException is IOException)
        {
            // Without a free descriptor a newcomer is reset, and the client of HTTP may take a new connection at any time.
            return -1;
        }

        await EchoClient.LeaveSocketThreadAsync();
        var sample = $"echo_accept_errors_total{{error=\"{error}\"}} ";
        var line = metrics.Split('\n').Single(line => line.StartsWith(sample, StringComparison.Ordinal));
        return long.Parse(line[sample.Length..], CultureInfo.InvariantCulture);
    }
}
