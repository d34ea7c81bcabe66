using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>
/// Two thousand clients of the management API that mean no good, on a service in a process of its own: echo goes on, a
/// probe is answered, the process neither spins nor grows, and all is as before when they have gone.
/// </summary>
/// <remarks>The rate itself is a matter of a quiet machine; <c>docs/operations.md</c> has it.</remarks>
[Needs(Need.Linux)]
public sealed class HostileManagementTests
{
    private const int EchoClients = 64;

    /// <summary>MiB that all strangers together may cost; <c>docs/operations.md</c> says so.</summary>
    private const long Memory = 96;

    private const string Whole = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private const string HalfAHeader = "GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Filler: ";
    private const string HalfABody = "POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"time";

    /// <summary>
    /// Three failures in a row would end a pod. On a machine that has no time for either side somebody who asks is put out
    /// now and then, for as long as strangers come.
    /// </summary>
    private const int Attempts = 3;

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("silent", 4096, 2)]
    [InlineData("half a line", 512, 1)]
    [InlineData("half a header", 1024, 1)]
    [InlineData("half a body", 4096, 2)]
    [InlineData("byte by byte", 1024, 2)]
    [InlineData("events never read", 1024, 2)]
    [InlineData("answers never read", 1024, 1)]
    public async Task CostTheEchoPlaneNothing(string kind, int openFiles, int processors)
    {
        await using var service = await EchoProcess.StartAsync(openFiles, processors, "Echo:Address=127.0.0.1");
        var clients = await service.Target.ConnectAllAsync(EchoClients);
        await EchoAsync(clients);
        await AskAsync(service);
        using (var management = service.OpenManagement())
        {
            // What the first reader of it costs is nobody's fault.
            await management.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken);
        }

        var before = service.ResidentMebibytes;

        var strangers = Enumerable.Range(0, 2000).Select(_ => Connect(service)).ToArray();
        var begun = Encoding.ASCII.GetBytes(Begun(kind));
        foreach (var stranger in strangers)
        {
            await Eventually.TrueAsync(() => stranger.Poll(0, SelectMode.SelectWrite) || stranger.Poll(0, SelectMode.SelectError));
            // Those who have given way already cannot, and no buffer is smaller than this.
            _ = stranger.Send(begun, SocketFlags.None, out _);
        }

        using var gone = new CancellationTokenSource();
        var dripping = kind == "byte by byte" ? DripAsync(service, strangers, gone.Token) : Task.CompletedTask;

        await EchoAsync(clients);
        // The last of them may still be on their way in; after that a probe is a probe.
        await Eventually.TrueAsync(async () => await AskAsync(service) < ProbeTimeout);
        (await service.Target.GetStatsAsync()).Active.ShouldBe(EchoClients);
        (service.ResidentMebibytes - before).ShouldBeLessThan(Memory);

        // Once it has dealt with the last who came, it waits for them, and does not go round and round.
        await Eventually.TrueAsync(async () =>
        {
            var cpu = service.ProcessorTime;
            var began = Stopwatch.GetTimestamp();
            await Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(0.5));
            return service.ProcessorTime - cpu < Stopwatch.GetElapsedTime(began) / 2;
        });

        await gone.CancelAsync();
        await dripping;
        Array.ForEach(strangers, stranger => stranger.Dispose());
        await EchoAsync(clients);
        foreach (var client in clients)
        {
            await client.FinishAsync();
            client.Dispose();
        }

        using var newClient = await service.Target.ConnectAsync();
        await newClient.EchoAsync(1000);
        await newClient.FinishAsync();
        await service.Target.WaitForAsync(stats => stats is { Active: 0, EventArgsInUse: 0, BufferBytesInUse: 0 });
        (await service.WaitForOutputAsync("[3015]")).ShouldContain("Every place of the management API is taken");
        service.Signal(PosixSignal.SIGTERM);
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("half a body")]
    [InlineData("a whole request")]
    public async Task ProbesAreAnsweredWhileTheyComeAgainAndAgain(string kind)
    {
        // 40 places: each of the strangers takes one, is put out, and is back at once.
        await using var service = await EchoProcess.StartAsync(512, 1, "Echo:Address=127.0.0.1");
        var begun = Encoding.ASCII.GetBytes(Begun(kind));
        await using var strangers = new ReturningStrangers(service, 100, _ => begun);
        await service.WaitForOutputAsync("[3015]");

        var probes = new List<TimeSpan>();
        for (var i = 0; i < 8; i++)
        {
            try
            {
                probes.Add(await AskAsync(service));
            }
            catch (SocketException) when (probes.Count > i - (Attempts - 1))
            {
                await EchoClient.LeaveSocketThreadAsync();
            }
        }

        probes.Order().ElementAt(probes.Count / 2).ShouldBeLessThan(ProbeTimeout);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    public async Task TheLimitThatIsAnnouncedIsReachedBesideThem(int openFiles)
    {
        await using var service = await EchoProcess.StartAsync(openFiles, "Echo:Address=127.0.0.1");
        service.Target.Attempts = Attempts;
        var events = Encoding.ASCII.GetBytes(Begun("events never read"));
        await using var strangers = new ReturningStrangers(service, 400, number => number % 2 == 0 ? events : []);
        await service.WaitForOutputAsync("[3015]");

        var limit = (int)(await service.Target.GetStatsAsync()).Limit;
        var clients = await service.Target.ConnectAllAsync(limit);
        await EchoAsync(clients);
        (await service.Target.GetStatsAsync()).Active.ShouldBe(limit);

        await strangers.LeaveAsync();
        Array.ForEach(clients, client => client.Dispose());
        await service.Target.WaitForAsync(stats => stats.Active == 0);
        service.Output.ShouldNotContain("[1010]");
    }

    private static string Begun(string kind) => kind switch
    {
        "silent" => "",
        "half a line" => "GET /li",
        "half a header" => HalfAHeader + new string('x', 4000),
        "half a body" => HalfABody,
        "byte by byte" => HalfAHeader,
        "events never read" => "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a whole request" => Whole,
        "answers never read" => string.Concat(Enumerable.Repeat("GET /openapi/v1.json HTTP/1.1\r\nHost: localhost\r\n\r\n", 40)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static async Task EchoAsync(EchoClient[] clients)
    {
        for (var i = 0; i < 10; i++)
        {
            await Task.WhenAll(clients.Select(client => client.EchoAsync(64)));
        }
    }

    /// <summary>Asks as the kubelet does, on a connection of its own, and fails unless it is answered.</summary>
    /// <returns>How long that took.</returns>
    private static async Task<TimeSpan> AskAsync(EchoProcess service)
    {
        var began = Stopwatch.GetTimestamp();
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // At once and on one thread: that this process may be short of them is not what is tried.
        probe.Connect(IPAddress.Loopback, service.ManagementUri.Port);
        probe.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        var answer = new byte[1024];
        var received = await probe.ReceiveAsync(answer, TestContext.Current.CancellationToken);
        var took = Stopwatch.GetElapsedTime(began);
        await EchoClient.LeaveSocketThreadAsync();
        Encoding.ASCII.GetString(answer, 0, received).ShouldStartWith("HTTP/1.1 200 OK");
        return took;
    }

    private static Socket Connect(EchoProcess service)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            socket.Connect(IPAddress.Loopback, service.ManagementUri.Port);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Under way.
        }

        return socket;
    }

    private static async Task DripAsync(EchoProcess service, Socket[] strangers, CancellationToken gone)
    {
        while (!gone.IsCancellationRequested)
        {
            foreach (var stranger in strangers)
            {
                _ = stranger.Send("x"u8, SocketFlags.None, out _);
            }

            await AskAsync(service);
        }
    }
}
