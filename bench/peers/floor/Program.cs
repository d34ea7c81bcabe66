using System.Globalization;
using EchoService.Bench.Floor;

const string usage = "usage: echo-floor bare|epoll PORT";

if (args is not [var kind, var text] || !ushort.TryParse(text, CultureInfo.InvariantCulture, out var port) || port == 0)
{
    Console.Error.WriteLine(usage);
    return 2;
}

switch (kind)
{
    case "bare":
        BareServer.Run(port);
        return 0;
    case "epoll":
        return EpollServer.Run(port);
    default:
        Console.Error.WriteLine(usage);
        return 2;
}
