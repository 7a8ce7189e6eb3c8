using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Interactive.Dashboard;

/// <summary>
/// Who may ask. On the loopback interface only requests for this machine by name are answered: a page from elsewhere
/// whose name was made to lead here (DNS rebinding) is not. With a token, the first request brings it and a cookie
/// keeps it.
/// </summary>
internal sealed class Gate(Settings settings)
{
    private const string Cookie = "interactive-token";

    // What a run holds (names, options, logs) is text and is never run. Charts set sizes by style attributes.
    private const string Policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public async Task Pass(HttpContext context, RequestDelegate next)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (!IsOurs(request.Host.Host))
            await Refuse(response, StatusCodes.Status421MisdirectedRequest, $"This is not {request.Host.Host}.");
        else if (request.Method is not ("GET" or "HEAD"))
            await Refuse(response, StatusCodes.Status405MethodNotAllowed, "Runs are only read here.");
        else if (settings.Token is { } token && !IsKnown(context, token))
            await Refuse(response, StatusCodes.Status401Unauthorized,
            "Open the address that `interactive dashboard` printed, with its token.");
        // the token leaves the address bar
        else if (settings.Token is not null && request.Query.ContainsKey("token")) response.Redirect("/");
        else await next(context);
    }

    private bool IsOurs(string host)
        => !settings.IsLocal || host is "localhost"
        || IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address);

    private static bool IsKnown(HttpContext context, string token)
    {
        if (Same(context.Request.Cookies[Cookie], token)) return true;
        if (!Same(context.Request.Query["token"], token)) return false;
        context.Response.Cookies.Append(Cookie, token,
            new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict });
        return true;
    }

    // In the same time whatever is wrong.
    private static bool Same(string? given, string token)
        => given is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(token));

    private static Task Refuse(HttpResponse response, int status, string why)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync(why + "\n");
    }
}
