using System.Net;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class ClientCloseTests : ApiTests
{
    [Theory]
    [InlineData("")]
    [InlineData("?mode=graceful")]
    public async Task ClosesByFin(string query)
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(100);
        var id = await Host.GetNewestIdAsync();

        var closing = (await Api.DeleteAsync($"/clients/{id}{query}")).ShouldBe(HttpStatusCode.Accepted);
        closing.GetProperty("id").GetInt64().ShouldBe(id);
        closing.GetProperty("state").GetString().ShouldBe("closing");
        closing.GetProperty("closeReason").GetString().ShouldBe("admin");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Dispose();
        await WaitForClosedAsync(id);
        (await Api.DeleteAsync($"/clients/{id}")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task ClosesByReset()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(100);
        var id = await Host.GetNewestIdAsync();

        (await Api.DeleteAsync($"/clients/{id}?mode=reset")).ShouldBe(HttpStatusCode.Accepted);
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        await WaitForClosedAsync(id);
        (await Api.DeleteAsync($"/clients/{id}?mode=reset")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task AClientThatDoesNotLeaveCanStillBeReset()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(100);
        var id = await Host.GetNewestIdAsync();

        (await Api.DeleteAsync($"/clients/{id}")).ShouldBe(HttpStatusCode.Accepted);
        (await Api.DeleteAsync($"/clients/{id}")).ShouldBe(HttpStatusCode.Accepted).GetProperty("state").GetString().ShouldBe("closing");
        (await Api.DeleteAsync($"/clients/{id}?mode=reset")).ShouldBe(HttpStatusCode.Accepted);
        await WaitForClosedAsync(id);
    }

    [Fact]
    public async Task NobodyElseIsClosed()
    {
        var clients = await Host.ConnectAllAsync(2);
        var id = await Host.GetNewestIdAsync();
        (await Api.DeleteAsync($"/clients/{id}?mode=reset")).ShouldBe(HttpStatusCode.Accepted);
        (await Api.DeleteAsync($"/clients/{id + 1}")).ShouldBeProblem(HttpStatusCode.NotFound);
        await clients[0].EchoAsync(1000);
        await clients[0].FinishAsync();
        clients[1].Dispose();
    }

    private async Task WaitForClosedAsync(long id)
    {
        var client = await Eventually.BecomesAsync(
            async () => (await Api.GetAsync($"/clients/{id}")).ShouldBe(HttpStatusCode.OK), client => client.GetProperty("state").GetString() == "closed");
        client.GetProperty("closeReason").GetString().ShouldBe("admin");
    }
}
