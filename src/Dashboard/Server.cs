using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Interactive.Dashboard;

/// <summary>Puts the parts together. Everything is read-only: a run's files are never written here.</summary>
internal static class Server
{
    public static WebApplication Create(Settings settings)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(settings.Address, settings.Port);
        });
        // a page that follows a run never ends by itself
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        var app = builder.Build();
        app.Use(new Gate(settings).Pass);
        app.Use(Answer);
        app.UseRouting();
        Pages.Map(app);
        var store = new RunStore(settings.Folder);
        RunRoutes.Map(app, store);
        FileRoutes.Map(app, store);
        LiveRoute.Map(app, store);
        return app;
    }

    // A run may be removed, or half written, while it is looked at: that is told in its place.
    private static async Task Answer(HttpContext context, RequestDelegate next)
    {
        try { await next(context); }
        catch (Exception e) when (!context.Response.HasStarted && e is UsageException or IOException or UnauthorizedAccessException)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await RunRoutes.Json(context, new { error = e.Message });
        }
    }

    /// <summary>What to open in a browser.</summary>
    public static string AddressOf(WebApplication app, Settings settings)
    {
        var address =
            new Uri(app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var host = settings.IsLocal ? "127.0.0.1"
            : settings.Address.Equals(IPAddress.Any) || settings.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName()
            : settings.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{settings.Address}]"
            : settings.Address.ToString();
        return $"http://{(settings.Address.Equals(IPAddress.IPv6Loopback) ? "[::1]" : host)}:{address.Port}/{(settings.Token is null ? "" : $"?token={Uri.EscapeDataString(settings.Token)}")}";
    }
}
