using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Interactive.Data;

/// <summary>
/// Where buckets lie and who asks for them: turns a request for <c>s3://bucket/key</c> into one over https, signed.
/// </summary>
/// <remarks>
/// Three kinds of requests are made here: a file, its length, the names in a bucket. AWS's own package would bring 5 MB
/// and a second set of rules for what is tried again beside <see cref="Origin"/>'s, so the signature is made here.
/// </remarks>
/// <param name="Endpoint">A server other than Amazon's; null for Amazon's.</param>
/// <param name="Region">Such as <c>eu-central-1</c>.</param>
/// <param name="Key">Null to ask as nobody, which public buckets answer.</param>
internal sealed partial record S3Site(Uri? Endpoint, string Region, AwsKey? Key)
{
    /// <summary>The scheme of the addresses.</summary>
    public const string Scheme = "s3";

    private const string Mark = $"{Scheme}://";

    /// <summary>As the environment and AWS's files say.</summary>
    /// <exception cref="UsageException">Half a key, an unknown profile, an endpoint that is no address.</exception>
    public static S3Site Find(Func<string, string?>? environment = null)
    {
        string? Variable(string name)
            => (environment ?? Environment.GetEnvironmentVariable)(name) is { Length: > 0 } value ? value : null;
        var profile = AwsProfile.Read(Variable);
        string? Setting(string name) => profile.GetValueOrDefault(name);
        var region = Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? Setting("region") ?? "us-east-1";
        var endpoint = Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL") ?? Setting("endpoint_url");
        Uri? address = null;
        if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out address)
            && address.Scheme is "http" or "https"))
            throw new UsageException($"AWS_ENDPOINT_URL={endpoint}: an address such as https://host:9000 is needed");
        var id = Variable("AWS_ACCESS_KEY_ID");
        var secret = Variable("AWS_SECRET_ACCESS_KEY");
        var token = Variable("AWS_SESSION_TOKEN");
        if (id is null && secret is null)
            (id, secret, token) = (Setting("aws_access_key_id"), Setting("aws_secret_access_key"),
                Setting("aws_session_token"));
        if (id is null != secret is null) throw new UsageException("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: one of them is missing");
        return new(address, region, id is null ? null : new(id, secret!, token));
    }

    /// <summary>An address's parts as a Uri, whatever letters the key has.</summary>
    /// <exception cref="UsageException">It names no bucket.</exception>
    public static Uri Parse(string source)
    {
        var rest = source[Mark.Length..];
        var (bucket, key) = rest.IndexOf('/') is >= 0 and var slash ? (rest[..slash], rest[(slash + 1)..]) : (rest, "");
        if (!Bucket().IsMatch(bucket)) throw new UsageException($"{source}: s3://BUCKET/PREFIX is needed; a bucket's name has 3 to 63 small letters, digits, dots and dashes");
        return new($"{Mark}{bucket}/{Encode(key)}");
    }

    /// <summary>Asks for the file where it lies, and signs.</summary>
    public void Turn(HttpRequestMessage request, DateTime utc)
    {
        var uri = request.RequestUri!;
        var (bucket, key) = (uri.Host, Encode(Uri.UnescapeDataString(uri.AbsolutePath[1..])));
        var query = uri.Query.TrimStart('?');
        // certificates of Amazon's are for names without a dot
        var (server, path) = Endpoint is { } own ? (own.GetLeftPart(UriPartial.Path).TrimEnd('/'), $"/{bucket}/{key}")
            : bucket.Contains('.') ? ($"https://s3.{Region}.{Domain}", $"/{bucket}/{key}")
            : ($"https://{bucket}.s3.{Region}.{Domain}", $"/{key}");
        request.RequestUri = new Uri($"{server}{path}{(query.Length > 0 ? "?" : "")}{query}");
        if (Key is null) return;
        var time = SignatureV4.Time(utc);
        List<(string Name, string Value)> headers =
        [
            ("host", request.RequestUri.Authority), ("x-amz-content-sha256", SignatureV4.NoBody), ("x-amz-date", time),
        ];
        if (Key.Token is { } token) headers.Add(("x-amz-security-token", token));
        foreach (var (name, value) in headers.Skip(1)) request.Headers.Add(name, value);
        if (request.Headers.Range is { } range) headers.Add(("range", range.ToString()));
        request.Headers.TryAddWithoutValidation("Authorization", SignatureV4.Authorization(Key, $"{Region}/s3", time,
            request.Method.Method, request.RequestUri.AbsolutePath, query, headers));
    }

    /// <summary>What an answer that refuses means, as far as it says so.</summary>
    public string Explain(HttpResponseHeaders headers, string body)
    {
        var code = Code().Match(body) is { Success: true } found ? $": {found.Groups[1].Value}" : "";
        if (headers.TryGetValues("x-amz-bucket-region", out var regions) && regions.First() is var region
            && region != Region) return $"{code}; the bucket lies in {region}: set AWS_REGION={region}";
        return Key is null ? $"{code}; asked without a key, as neither AWS_ACCESS_KEY_ID nor a profile gives one" : code;
    }

    private string Domain => Region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";

    private static string Encode(string key) => string.Join('/', key.Split('/').Select(Uri.EscapeDataString));

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex Bucket();

    [GeneratedRegex("<Code>([A-Za-z0-9]{1,60})</Code>")]
    private static partial Regex Code();
}
