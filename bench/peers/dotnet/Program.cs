using System.Globalization;
using EchoService.Bench.Peers;

const string usage = "usage: echo-peers sample|kestrel|await PORT, or echo-peers degraded PORT MANAGEMENT-PORT";

var ports = args.Skip(1).Select(text => ushort.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0).ToArray();
switch (args.FirstOrDefault(), ports)
{
    case ("sample", [> 0 and var port]):
        SamplePeer.Run(port);
        return 0;
    case ("kestrel", [> 0 and var port]):
        await KestrelPeer.RunAsync(port);
        return 0;
    case ("await", [> 0 and var port]):
        await AwaitPeer.RunAsync(port);
        return 0;
    case ("degraded", [> 0 and var port, > 0 and var managementPort]):
        await DegradedPeer.RunAsync(port, managementPort);
        return 0;
    default:
        Console.Error.WriteLine(usage);
        return 2;
}
