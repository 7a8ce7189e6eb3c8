using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Remote;

/// <summary>Signatures that AWS published: of its test suite, and of the examples in S3's reference.</summary>
public class SignatureTests
{
    private static readonly AwsKey suite = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    private static readonly AwsKey example = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    [Theory] // get-vanilla, get-vanilla-query-order-key-case
    [InlineData(new string[0], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData(new[] { "Param2", "value2", "Param1", "value1" },
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    public void Those_of_the_test_suite(string[] query, string expected)
    {
        const string Time = "20150830T123600Z";
        Assert.Equal(Time, SignatureV4.Time(new DateTime(2015, 8, 30, 12, 36, 0, DateTimeKind.Utc)));
        var signed = SignatureV4.Authorization(suite, "us-east-1/service", Time, "GET", "/", SignatureV4.Query(Pairs(query)),
            [("x-amz-date", Time), ("host", "example.amazonaws.com")]);
        Assert.Equal($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={expected}", signed);
    }

    [Theory]
    [InlineData("/test.txt", new string[0], "bytes=0-9", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")]
    [InlineData("/", new[] { "lifecycle", "" }, null, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("/", new[] { "prefix", "J", "max-keys", "2" }, null,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void Those_of_the_reference(string path, string[] query, string? range, string expected)
    {
        const string Time = "20130524T000000Z";
        List<(string, string)> headers =
        [
            ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", SignatureV4.NoBody), ("x-amz-date", Time),
        ];
        if (range is not null) headers.Add(("range", range));
        Assert.EndsWith($"Signature={expected}", SignatureV4.Authorization(example, "us-east-1/s3", Time, "GET", path,
            SignatureV4.Query(Pairs(query)), headers));
    }

    private static IEnumerable<(string, string)> Pairs(string[] query)
        => query.Chunk(2).Select(pair => (pair[0], pair[1]));
}
