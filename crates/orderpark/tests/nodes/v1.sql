-- A deployment of schema version 1, as its program has left it: dumped, never edited.
BEGIN TRANSACTION;
CREATE TABLE balances (
    subscriber_ref integer not null references parties (ref),
    product_ref integer not null references products (ref),
    granted integer not null,
    used integer not null check (used between 0 and granted),
    subscriptions integer not null check (subscriptions >= 0),
    primary key (subscriber_ref, product_ref)
) strict, without rowid;
INSERT INTO "balances" VALUES(16,8,1800,7,3);
INSERT INTO "balances" VALUES(16,9,180,0,3);
INSERT INTO "balances" VALUES(16,11,0,0,3);
INSERT INTO "balances" VALUES(17,8,1600,0,4);
INSERT INTO "balances" VALUES(17,9,160,0,4);
INSERT INTO "balances" VALUES(17,11,0,0,4);
CREATE TABLE head (
    id integer primary key check (id = 1),
    seq integer not null,
    at integer not null,
    hash blob not null check (length(hash) = 32),
    next_ref integer not null,
    next_subscription integer not null
) strict;
INSERT INTO "head" VALUES(1,30,1795447965335530,X'EF04A69A88632C9A1F51ABD95C7E0DD50C59F7045BF0A5D17F23C9E0090AF32A',18,25);
CREATE TABLE journal (
    seq integer primary key,
    at integer not null,
    entry text not null,
    hash blob not null check (length(hash) = 32)
) strict;
INSERT INTO "journal" VALUES(1,1795447964952664,'{"event":{"partyCreated":{"ref":1,"kind":"OPERATOR","id":"operator","name":"operator","revision":1}}}',X'02FD1D64098F7ED93A4EB433CBFD742C27A91C864D29779771C20268CDFF5496');
INSERT INTO "journal" VALUES(2,1795447964952664,'{"event":{"userCreated":{"ref":2,"party":1,"login":"ops@operator.example","grants":[{"kind":"OPERATOR","party":1}],"secrets":["9473104306dc1a2adfac9d22581f8ef53c3289edff8bdc33b0da105f9fed69b2"],"revision":1}}}',X'649FA2DB6F50023C5C8470D7D1BA518AE778B015F7FA673A9B16146F1DDCC0C8');
INSERT INTO "journal" VALUES(3,1795447964952664,'{"event":{"strategyCreated":{"ref":3,"id":"DATAFLOW","name":"DATAFLOW","description":"Hand the data to the data flows that the subscriber has set up","state":"ACTIVE","settings":"{}","revision":1}}}',X'96478E7CE32EC9F2E309C173DD0709AC2AB4392ABF41E4C6CA6B91417EBB44F4');
INSERT INTO "journal" VALUES(4,1795447964952664,'{"event":{"strategyCreated":{"ref":4,"id":"DEFAULTRP","name":"DEFAULTRP","description":"Hand the data to the default routing profile","state":"ACTIVE","settings":"{}","revision":1}}}',X'AF2A08DDFB1E69DCEF02427143686CAE6C23D3783B9B6660A43C8287C35A01F8');
INSERT INTO "journal" VALUES(5,1795447964952664,'{"event":{"strategyCreated":{"ref":5,"id":"IOT_FLOW","name":"IOT_FLOW","description":"Hand the data to the IoT flows that the subscriber has set up","state":"ACTIVE","settings":"{}","revision":1}}}',X'594CBEAB7B11A6F3FBFB21AB8E2638412CFECE739751CD7D8E5BD2DCCB2E04F0');
INSERT INTO "journal" VALUES(6,1795447964952664,'{"event":{"strategyCreated":{"ref":6,"id":"ROUTE","name":"ROUTE","description":"Hand the data to one route as it comes","state":"ACTIVE","settings":"{}","revision":1}}}',X'65C2F88D6F5E25A3F9927CD4C58509A0D3C9FBCA658F3BAF643F3DCE991665C5');
INSERT INTO "journal" VALUES(7,1795447965245320,'{"event":{"tokenIssued":{"user":2,"hash":"94e01d731ac9854a8a533540a33aef1d103d2e016cb8849b0a8f7e6c84f1c40e","jti":"opt__D5zjIFyOdUxcvy1LFMhY2gi6RtpZjNsvn2CAqy9xmE","clientId":"default/ops@operator.example","grants":[{"kind":"OPERATOR","party":1}],"issuedAt":1795447965144833,"expiresAt":1795491165144833}}}',X'4E49F74CD05F002C5D356C065E39D15D8ACEE3D16143E8D65C6832E05F74FA73');
INSERT INTO "journal" VALUES(8,1795447965260247,'{"by":2,"event":{"partyCreated":{"ref":7,"kind":"SUPPLIER","id":"net","name":"Net","revision":1}}}',X'07BDF99B15DE2BDD6C7A26BD24144776082864AB1338E884DCE7019B900CB4CD');
INSERT INTO "journal" VALUES(9,1795447965269012,'{"by":2,"event":{"productCreated":{"ref":8,"kind":"CONNECTIVITY_PLAN","supplier":7,"id":"net/plan-a","name":"Plan a","revision":1}}}',X'8F60400B05BFF471D4141288AC40A6DCB05F683E3B83E8F6934E598B1ACB97DF');
INSERT INTO "journal" VALUES(10,1795447965279762,'{"by":2,"event":{"productCreated":{"ref":9,"kind":"CONNECTIVITY_PLAN","supplier":7,"id":"net/plan-b","name":"Plan b","revision":1}}}',X'928BE0881775D24BC12B8F194F9555A08AF0D32241B64DF627B44B8AA7826340');
INSERT INTO "journal" VALUES(11,1795447965281133,'{"by":2,"event":{"productCreated":{"ref":10,"kind":"CONNECTIVITY_PLAN","supplier":7,"id":"net/plan-c","name":"Plan c","revision":1}}}',X'E9808074C411A48DAFCEE1B2DA857B6FD5919CC185C27424FB513BECA769DA1A');
INSERT INTO "journal" VALUES(12,1795447965282150,'{"by":2,"event":{"productCreated":{"ref":11,"kind":"APPLICATION","supplier":7,"id":"net/app","name":"Application","portalUrl":"https://app.example/","notification":{"subscribedUrl":"https://app.example/new","mode":"COMMIT_ONLY","format":"XML"},"revision":1}}}',X'9D348736F183AA9C09DB6280521723A224B96CFBA9832153978153D596DCE383');
INSERT INTO "journal" VALUES(13,1795447965284294,'{"by":2,"event":{"partyCreated":{"ref":12,"kind":"VENDOR","id":"acme","name":"Acmé","revision":1}}}',X'5CA11EA6EE8E43CF8449DA6677773528B20539DA49A99619903D8316665043F3');
INSERT INTO "journal" VALUES(14,1795447965284294,'{"by":2,"event":{"userCreated":{"ref":13,"party":12,"login":"sales@acme.example","firstName":"Ada","lastName":"Sales","grants":[{"kind":"VENDOR","party":12}],"secrets":["6df0df235d1de036150c50590cef4b8c357d61a1a928e05ef347c2e3a0c4f2e1"],"revision":1}}}',X'038B9863FECCEF1E10EB473EE2EDDA1DAFA01F97DE44BF03AD36D545AAFB1914');
INSERT INTO "journal" VALUES(15,1795447965292388,'{"event":{"tokenIssued":{"user":13,"hash":"e0104280228ad122b3070eaeef657433d119a7fbff4222994a0998ccce37cd9b","jti":"opt_qcABmfbkpEfWYjRY1z46hDgA6dwNjbGvJfPwXCxQ7IA","clientId":"default/sales@acme.example","grants":[{"kind":"VENDOR","party":12}],"issuedAt":1795447965291836,"expiresAt":1795491165291836}}}',X'F534FB8A489E5484216F2A1D8B2AC6E9E933FCD3BDBACCFC62C548B2509C567D');
INSERT INTO "journal" VALUES(16,1795447965293866,'{"by":13,"event":{"strategyCreated":{"ref":14,"vendor":12,"id":"acme/own","name":"acme/own","description":"Ours","state":"ACTIVE","settings":"{\"key\":\"value\"}","revision":1}}}',X'C6D97FE15B24C4894529A4BFEA6252CF6CBD37A654C01210647E3FB3E7BE726C');
INSERT INTO "journal" VALUES(17,1795447965299471,'{"by":2,"event":{"offerCreated":{"ref":15,"vendor":12,"id":"acme/sensor-100","name":"100 sensors","state":"ACTIVE","items":[{"product":8,"productId":"net/plan-a","granted":100},{"product":9,"productId":"net/plan-b","granted":10},{"product":11,"productId":"net/app"}],"revision":1}}}',X'2A3E5DA2B6FDD50D7FAE2A6868DE3FC6F4E17C28350FE4125BE5D826E684B183');
INSERT INTO "journal" VALUES(18,1795447965303417,'{"by":2,"event":{"partyCreated":{"ref":16,"kind":"SUBSCRIBER","id":"100000016","name":"Subscriber 1","vendor":12,"vendorId":"acme","contactEmail":"s1@example.com","organization":"Example","revision":1}}}',X'DD6C3D045F1CD923C0BF5DA613AB7003256D2BD19ECAA7A0AC9719BECF3E3771');
INSERT INTO "journal" VALUES(19,1795447965308373,'{"by":2,"event":{"partyCreated":{"ref":17,"kind":"SUBSCRIBER","id":"100000017","name":"Subscriber 2","vendor":12,"vendorId":"acme","contactEmail":"s2@example.com","organization":"Example","revision":1}}}',X'8F7DA049BCEBEAD0C4D55FBB8C9D5C8AB7329FCF8D0C47EB29ABBCC2C169D924');
INSERT INTO "journal" VALUES(20,1795447965312640,'{"by":13,"request":{"client":13,"key":"9dbdc24b64cd1a8ee97d16afca797f7a","fingerprint":"ed48bac064a563a2bd34f115b3c3d5a1"},"event":{"orderPlaced":{"ref":"01a20909-c680-7a3d-b717-0df5622dcc00","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":17,"quantity":1,"state":"ACTIVE","createdAt":1795447965312640,"revision":1,"subscriptions":[{"number":1,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":100,"since":1795447965312640},{"number":2,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":10,"since":1795447965312640},{"number":3,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965312640}]}}}',X'CA812F400655027F186FF1DCE67FEA87B48963B61D4C58FA3C2B0EEAC98BF120');
INSERT INTO "journal" VALUES(21,1795447965316261,'{"by":13,"request":{"client":13,"key":"0aef179061b8a7c82ce9f33d781d736b","fingerprint":"4404da69827dbe32488b02e3c8364eaa"},"event":{"orderPlaced":{"ref":"01a20909-c684-742d-a464-15bacde5f400","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":16,"quantity":2,"state":"ACTIVE","createdAt":1795447965316261,"revision":1,"subscriptions":[{"number":4,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":200,"since":1795447965316261},{"number":5,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":20,"since":1795447965316261},{"number":6,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965316261}]}}}',X'4ADB8BA65F33921C2B6C4EBCFBE2B034ED5D670EB7F4AC9FB3B65CCF7B6CA6D6');
INSERT INTO "journal" VALUES(22,1795447965317488,'{"by":13,"request":{"client":13,"key":"f23dda43c2bc212d989212e1eb68f90c","fingerprint":"ac11dc35c5e1fd385257f7782400cf34"},"event":{"orderPlaced":{"ref":"01a20909-c685-77ce-966e-396085e78400","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":17,"quantity":3,"externalId":"PO-3","state":"ACTIVE","createdAt":1795447965317488,"revision":1,"subscriptions":[{"number":7,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":300,"since":1795447965317488},{"number":8,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":30,"since":1795447965317488},{"number":9,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965317488}]}}}',X'482361F52F7E0F2A1C8EEE7EAFF5CD754A45FA9E1F2A08C2969A482F03DF6ED1');
INSERT INTO "journal" VALUES(23,1795447965319408,'{"by":13,"request":{"client":13,"key":"3e84a6263a17a56c396d5f4b26572eb1","fingerprint":"a95f0d4a3f98c39509c9ba6a690d2b26"},"event":{"orderPlaced":{"ref":"01a20909-c687-7687-bac2-1ccca8736400","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":16,"quantity":4,"state":"ACTIVE","createdAt":1795447965319408,"revision":1,"subscriptions":[{"number":10,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":400,"since":1795447965319408},{"number":11,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":40,"since":1795447965319408},{"number":12,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965319408}]}}}',X'6F262543C6F645660D6BB5FECC5CEA63B0EFE597E9B50F8336BCC168F8EE68CD');
INSERT INTO "journal" VALUES(24,1795447965320603,'{"by":13,"request":{"client":13,"key":"89f34ea38ad287fa870f4b256ad15145","fingerprint":"d6a5a91f6af6a07dea7162026eb7cc82"},"event":{"orderPlaced":{"ref":"01a20909-c688-79a5-91df-7115a6607800","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":17,"quantity":5,"strategy":"acme/own","state":"ACTIVE","createdAt":1795447965320603,"revision":1,"subscriptions":[{"number":13,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":500,"since":1795447965320603},{"number":14,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":50,"since":1795447965320603},{"number":15,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965320603}]}}}',X'51C7305F544B863157BBC8F5B17498BD032C974C5CDE07B7CA35BDB35FF51819');
INSERT INTO "journal" VALUES(25,1795447965324122,'{"by":13,"request":{"client":13,"key":"e2f34ba8464c9fe96c11f7bb5bda3964","fingerprint":"062aed57f237f1c2cf1a23d9bc36a40b"},"event":{"orderPlaced":{"ref":"01a20909-c68c-71f3-98b1-b69ccb4d7000","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":16,"quantity":6,"externalId":"PO-6","state":"ACTIVE","createdAt":1795447965324122,"revision":1,"subscriptions":[{"number":16,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":600,"since":1795447965324122},{"number":17,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":60,"since":1795447965324122},{"number":18,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965324122}]}}}',X'A58A3C769BC4E83E0B4050E5C0FFC83935771199A81DFACE1808D7CF7CA9F4FD');
INSERT INTO "journal" VALUES(26,1795447965325166,'{"by":13,"request":{"client":13,"key":"586aa571cdf08f1eb65fa63ada8c3bc4","fingerprint":"ec6b76b21b647bab8cfa754c161e1309"},"event":{"orderPlaced":{"ref":"01a20909-c68d-72a7-91d2-8639a25d0c00","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":17,"quantity":7,"state":"ACTIVE","createdAt":1795447965325166,"revision":1,"subscriptions":[{"number":19,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":700,"since":1795447965325166},{"number":20,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":70,"since":1795447965325166},{"number":21,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965325166}]}}}',X'254060A4035946015F8C803D788EDC3748AB119F651A69D812DB6D041F770387');
INSERT INTO "journal" VALUES(27,1795447965326332,'{"by":13,"request":{"client":13,"key":"780c4697a8164deb522486673c3d9f2b","fingerprint":"4a01cfff4f93b58b97825acb67efcad1"},"event":{"orderPlaced":{"ref":"01a20909-c68e-754f-8a92-28ed83209c00","offer":15,"offerId":"acme/sensor-100","vendor":12,"subscriber":16,"quantity":8,"state":"ACTIVE","createdAt":1795447965326332,"revision":1,"subscriptions":[{"number":22,"product":8,"productId":"net/plan-a","supplier":7,"state":"ACTIVE","granted":800,"since":1795447965326332},{"number":23,"product":9,"productId":"net/plan-b","supplier":7,"state":"ACTIVE","granted":80,"since":1795447965326332},{"number":24,"product":11,"productId":"net/app","supplier":7,"state":"ACTIVE","since":1795447965326332}]}}}',X'E3C729F3108E2C555C885FADB21DACA067B92249EB084D42324A77283AF0EC27');
INSERT INTO "journal" VALUES(28,1795447965327871,'{"by":13,"request":{"client":13,"key":"6f29c3b3122e77c16c31c5bc2013f3ca","fingerprint":"6400e99d51eb0ef8167767d9914e93a4"},"event":{"orderCancelled":"01a20909-c684-742d-a464-15bacde5f400"}}',X'079BEC94489F97E658914EF96A6F0C9D995551BD27EEB7B32247A0037663C9B6');
INSERT INTO "journal" VALUES(29,1795447965329099,'{"by":13,"event":{"subscriptionSuspended":{"subscription":"01a20909-c685-77ce-966e-396085e78401","reason":"unpaid"}}}',X'ABE1CD8AE4DF93A398805B3B3C44EF590EB2F49E037A6F72CFF392393B445CD6');
INSERT INTO "journal" VALUES(30,1795447965335530,'{"by":2,"event":{"usageReported":{"subscriber":16,"product":8,"used":7}}}',X'EF04A69A88632C9A1F51ABD95C7E0DD50C59F7045BF0A5D17F23C9E0090AF32A');
CREATE TABLE offer_items (
    offer_ref integer not null references offers (ref),
    position integer not null,
    product_ref integer not null references products (ref),
    granted integer,
    primary key (offer_ref, position)
) strict, without rowid;
INSERT INTO "offer_items" VALUES(15,1,8,100);
INSERT INTO "offer_items" VALUES(15,2,9,10);
INSERT INTO "offer_items" VALUES(15,3,11,NULL);
CREATE TABLE offers (
    ref integer primary key,
    vendor_ref integer not null references parties (ref),
    id text not null,
    name text not null,
    state text not null check (state in ('ACTIVE', 'SUSPENDED', 'DEACTIVATED')),
    strategies text,
    open_orders integer not null check (open_orders >= 0),
    revision integer not null,
    deleted_at integer,
    unique (ref, vendor_ref)
) strict;
INSERT INTO "offers" VALUES(15,12,'acme/sensor-100','100 sensors','ACTIVE',NULL,7,1,NULL);
CREATE TABLE orders (
    ref blob primary key check (length(ref) = 16),
    offer_ref integer not null,
    vendor_ref integer not null,
    subscriber_ref integer not null,
    quantity integer not null check (quantity between 1 and 1000000),
    external_id text,
    strategy text,
    state text not null check (state in ('PENDING', 'ACTIVE', 'REJECTED', 'CANCELLED')),
    created_at integer not null,
    closed_at integer,
    revision integer not null,
    foreign key (offer_ref, vendor_ref) references offers (ref, vendor_ref),
    foreign key (subscriber_ref, vendor_ref) references parties (ref, vendor_ref)
) strict, without rowid;
INSERT INTO "orders" VALUES(X'01A20909C6807A3DB7170DF5622DCC00',15,12,17,1,NULL,NULL,'ACTIVE',1795447965312640,NULL,1);
INSERT INTO "orders" VALUES(X'01A20909C684742DA46415BACDE5F400',15,12,16,2,NULL,NULL,'CANCELLED',1795447965316261,1795447965327871,2);
INSERT INTO "orders" VALUES(X'01A20909C68577CE966E396085E78400',15,12,17,3,'PO-3',NULL,'ACTIVE',1795447965317488,NULL,2);
INSERT INTO "orders" VALUES(X'01A20909C6877687BAC21CCCA8736400',15,12,16,4,NULL,NULL,'ACTIVE',1795447965319408,NULL,1);
INSERT INTO "orders" VALUES(X'01A20909C68879A591DF7115A6607800',15,12,17,5,NULL,'acme/own','ACTIVE',1795447965320603,NULL,1);
INSERT INTO "orders" VALUES(X'01A20909C68C71F398B1B69CCB4D7000',15,12,16,6,'PO-6',NULL,'ACTIVE',1795447965324122,NULL,1);
INSERT INTO "orders" VALUES(X'01A20909C68D72A791D28639A25D0C00',15,12,17,7,NULL,NULL,'ACTIVE',1795447965325166,NULL,1);
INSERT INTO "orders" VALUES(X'01A20909C68E754F8A9228ED83209C00',15,12,16,8,NULL,NULL,'ACTIVE',1795447965326332,NULL,1);
CREATE TABLE parties (
    ref integer primary key,
    kind text not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    id text not null,
    name text not null,
    vendor_ref integer references parties (ref),
    contact_email text,
    organization text,
    revision integer not null,
    deleted_at integer,
    check ((kind = 'SUBSCRIBER') = (vendor_ref is not null)),
    unique (ref, vendor_ref)
) strict;
INSERT INTO "parties" VALUES(1,'OPERATOR','operator','operator',NULL,NULL,NULL,1,NULL);
INSERT INTO "parties" VALUES(7,'SUPPLIER','net','Net',NULL,NULL,NULL,1,NULL);
INSERT INTO "parties" VALUES(12,'VENDOR','acme','Acmé',NULL,NULL,NULL,1,NULL);
INSERT INTO "parties" VALUES(16,'SUBSCRIBER','100000016','Subscriber 1',12,'s1@example.com','Example',1,NULL);
INSERT INTO "parties" VALUES(17,'SUBSCRIBER','100000017','Subscriber 2',12,'s2@example.com','Example',1,NULL);
CREATE TABLE products (
    ref integer primary key,
    kind text not null check (kind in ('APPLICATION', 'CONNECTIVITY_PLAN')),
    supplier_ref integer not null references parties (ref),
    id text not null,
    name text not null,
    portal_url text,
    notification text,
    revision integer not null,
    deleted_at integer
) strict;
INSERT INTO "products" VALUES(8,'CONNECTIVITY_PLAN',7,'net/plan-a','Plan a',NULL,NULL,1,NULL);
INSERT INTO "products" VALUES(9,'CONNECTIVITY_PLAN',7,'net/plan-b','Plan b',NULL,NULL,1,NULL);
INSERT INTO "products" VALUES(10,'CONNECTIVITY_PLAN',7,'net/plan-c','Plan c',NULL,NULL,1,NULL);
INSERT INTO "products" VALUES(11,'APPLICATION',7,'net/app','Application','https://app.example/','{"subscribedUrl":"https://app.example/new","mode":"COMMIT_ONLY","format":"XML"}',1,NULL);
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
INSERT INTO "refinery_schema_history" VALUES(1,'orders','2026-11-23T15:32:44.916471471Z','11511723550939580211');
CREATE TABLE request_keys (
    client_ref integer not null references users (ref),
    key blob not null check (length(key) = 16),
    fingerprint blob not null check (length(fingerprint) = 16),
    seq integer not null,
    primary key (client_ref, key)
) strict, without rowid;
INSERT INTO "request_keys" VALUES(13,X'0AEF179061B8A7C82CE9F33D781D736B',X'4404DA69827DBE32488B02E3C8364EAA',21);
INSERT INTO "request_keys" VALUES(13,X'3E84A6263A17A56C396D5F4B26572EB1',X'A95F0D4A3F98C39509C9BA6A690D2B26',23);
INSERT INTO "request_keys" VALUES(13,X'586AA571CDF08F1EB65FA63ADA8C3BC4',X'EC6B76B21B647BAB8CFA754C161E1309',26);
INSERT INTO "request_keys" VALUES(13,X'6F29C3B3122E77C16C31C5BC2013F3CA',X'6400E99D51EB0EF8167767D9914E93A4',28);
INSERT INTO "request_keys" VALUES(13,X'780C4697A8164DEB522486673C3D9F2B',X'4A01CFFF4F93B58B97825ACB67EFCAD1',27);
INSERT INTO "request_keys" VALUES(13,X'89F34EA38AD287FA870F4B256AD15145',X'D6A5A91F6AF6A07DEA7162026EB7CC82',24);
INSERT INTO "request_keys" VALUES(13,X'9DBDC24B64CD1A8EE97D16AFCA797F7A',X'ED48BAC064A563A2BD34F115B3C3D5A1',20);
INSERT INTO "request_keys" VALUES(13,X'E2F34BA8464C9FE96C11F7BB5BDA3964',X'062AED57F237F1C2CF1A23D9BC36A40B',25);
INSERT INTO "request_keys" VALUES(13,X'F23DDA43C2BC212D989212E1EB68F90C',X'AC11DC35C5E1FD385257F7782400CF34',22);
CREATE TABLE strategies (
    ref integer primary key,
    vendor_ref integer references parties (ref),
    id text not null,
    name text not null,
    description text,
    state text not null check (state in ('ACTIVE', 'DEACTIVATED')),
    settings text not null,
    revision integer not null,
    deleted_at integer
) strict;
INSERT INTO "strategies" VALUES(3,NULL,'DATAFLOW','DATAFLOW','Hand the data to the data flows that the subscriber has set up','ACTIVE','{}',1,NULL);
INSERT INTO "strategies" VALUES(4,NULL,'DEFAULTRP','DEFAULTRP','Hand the data to the default routing profile','ACTIVE','{}',1,NULL);
INSERT INTO "strategies" VALUES(5,NULL,'IOT_FLOW','IOT_FLOW','Hand the data to the IoT flows that the subscriber has set up','ACTIVE','{}',1,NULL);
INSERT INTO "strategies" VALUES(6,NULL,'ROUTE','ROUTE','Hand the data to one route as it comes','ACTIVE','{}',1,NULL);
INSERT INTO "strategies" VALUES(14,12,'acme/own','acme/own','Ours','ACTIVE','{"key":"value"}',1,NULL);
CREATE TABLE subscriptions (
    order_ref blob not null references orders (ref),
    position integer not null check (position between 1 and 1000),
    number integer not null,
    product_ref integer not null references products (ref),
    supplier_ref integer not null,
    state text not null check (state in ('PENDING', 'ACTIVE', 'SUSPENDED', 'REJECTED', 'CANCELLED')),
    granted integer,
    since integer not null,
    until integer,
    reason text,
    primary key (order_ref, position)
) strict, without rowid;
INSERT INTO "subscriptions" VALUES(X'01A20909C6807A3DB7170DF5622DCC00',1,1,8,7,'ACTIVE',100,1795447965312640,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C6807A3DB7170DF5622DCC00',2,2,9,7,'ACTIVE',10,1795447965312640,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C6807A3DB7170DF5622DCC00',3,3,11,7,'ACTIVE',NULL,1795447965312640,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C684742DA46415BACDE5F400',1,4,8,7,'CANCELLED',200,1795447965316261,1795447965327871,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C684742DA46415BACDE5F400',2,5,9,7,'CANCELLED',20,1795447965316261,1795447965327871,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C684742DA46415BACDE5F400',3,6,11,7,'CANCELLED',NULL,1795447965316261,1795447965327871,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68577CE966E396085E78400',1,7,8,7,'SUSPENDED',300,1795447965317488,NULL,'unpaid');
INSERT INTO "subscriptions" VALUES(X'01A20909C68577CE966E396085E78400',2,8,9,7,'ACTIVE',30,1795447965317488,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68577CE966E396085E78400',3,9,11,7,'ACTIVE',NULL,1795447965317488,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C6877687BAC21CCCA8736400',1,10,8,7,'ACTIVE',400,1795447965319408,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C6877687BAC21CCCA8736400',2,11,9,7,'ACTIVE',40,1795447965319408,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C6877687BAC21CCCA8736400',3,12,11,7,'ACTIVE',NULL,1795447965319408,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68879A591DF7115A6607800',1,13,8,7,'ACTIVE',500,1795447965320603,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68879A591DF7115A6607800',2,14,9,7,'ACTIVE',50,1795447965320603,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68879A591DF7115A6607800',3,15,11,7,'ACTIVE',NULL,1795447965320603,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68C71F398B1B69CCB4D7000',1,16,8,7,'ACTIVE',600,1795447965324122,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68C71F398B1B69CCB4D7000',2,17,9,7,'ACTIVE',60,1795447965324122,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68C71F398B1B69CCB4D7000',3,18,11,7,'ACTIVE',NULL,1795447965324122,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68D72A791D28639A25D0C00',1,19,8,7,'ACTIVE',700,1795447965325166,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68D72A791D28639A25D0C00',2,20,9,7,'ACTIVE',70,1795447965325166,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68D72A791D28639A25D0C00',3,21,11,7,'ACTIVE',NULL,1795447965325166,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68E754F8A9228ED83209C00',1,22,8,7,'ACTIVE',800,1795447965326332,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68E754F8A9228ED83209C00',2,23,9,7,'ACTIVE',80,1795447965326332,NULL,NULL);
INSERT INTO "subscriptions" VALUES(X'01A20909C68E754F8A9228ED83209C00',3,24,11,7,'ACTIVE',NULL,1795447965326332,NULL,NULL);
CREATE TABLE tokens (
    user_ref integer primary key references users (ref),
    hash blob not null unique check (length(hash) = 32),
    jti text not null,
    client_id text not null,
    scopes text not null,
    issued_at integer not null,
    expires_at integer
) strict;
INSERT INTO "tokens" VALUES(2,X'94E01D731AC9854A8A533540A33AEF1D103D2E016CB8849B0A8F7E6C84F1C40E','opt__D5zjIFyOdUxcvy1LFMhY2gi6RtpZjNsvn2CAqy9xmE','default/ops@operator.example','["OPERATOR:1"]',1795447965144833,1795491165144833);
INSERT INTO "tokens" VALUES(13,X'E0104280228AD122B3070EAEEF657433D119A7FBFF4222994A0998CCCE37CD9B','opt_qcABmfbkpEfWYjRY1z46hDgA6dwNjbGvJfPwXCxQ7IA','default/sales@acme.example','["VENDOR:12"]',1795447965291836,1795491165291836);
CREATE TABLE user_scopes (
    user_ref integer not null references users (ref),
    position integer not null,
    kind text not null check (kind in ('OPERATOR', 'SUPPLIER', 'VENDOR', 'SUBSCRIBER')),
    party_ref integer not null references parties (ref),
    primary key (user_ref, position)
) strict, without rowid;
INSERT INTO "user_scopes" VALUES(2,1,'OPERATOR',1);
INSERT INTO "user_scopes" VALUES(13,1,'VENDOR',12);
CREATE TABLE users (
    ref integer primary key,
    party_ref integer not null references parties (ref),
    login text not null,
    first_name text,
    last_name text,
    organization text,
    -- SHA-256 of each live secret, newest first.
    secrets blob not null check (length(secrets) in (32, 64)),
    revision integer not null,
    deleted_at integer
) strict;
INSERT INTO "users" VALUES(2,1,'ops@operator.example',NULL,NULL,NULL,X'9473104306DC1A2ADFAC9D22581F8EF53C3289EDFF8BDC33B0DA105F9FED69B2',1,NULL);
INSERT INTO "users" VALUES(13,12,'sales@acme.example','Ada','Sales',NULL,X'6DF0DF235D1DE036150C50590CEF4B8C357D61A1A928E05EF347C2E3A0C4F2E1',1,NULL);
CREATE UNIQUE INDEX parties_living on parties (kind, id) where deleted_at is null;
CREATE INDEX parties_of_vendor on parties (vendor_ref, ref) where vendor_ref is not null;
CREATE INDEX parties_by_contact on parties (contact_email) where contact_email is not null;
CREATE UNIQUE INDEX users_living on users (login) where deleted_at is null;
CREATE INDEX users_of_party on users (party_ref);
CREATE INDEX user_scopes_of_party on user_scopes (party_ref);
CREATE UNIQUE INDEX products_living on products (id) where deleted_at is null;
CREATE INDEX products_by_id on products (id);
CREATE INDEX products_of_supplier on products (supplier_ref);
CREATE UNIQUE INDEX offers_living on offers (id) where deleted_at is null;
CREATE INDEX offers_of_vendor on offers (vendor_ref);
CREATE INDEX offers_by_id on offers (id);
CREATE INDEX offer_items_with_product on offer_items (product_ref);
CREATE UNIQUE INDEX strategies_living on strategies (id) where deleted_at is null;
CREATE INDEX orders_not_active on orders (ref) where state <> 'ACTIVE';
CREATE INDEX orders_not_active_of_vendor on orders (vendor_ref, ref) where state <> 'ACTIVE';
CREATE INDEX orders_of_vendor on orders (vendor_ref, ref);
CREATE INDEX orders_of_subscriber on orders (subscriber_ref, ref);
CREATE UNIQUE INDEX orders_external on orders (external_id, subscriber_ref) where external_id is not null;
CREATE INDEX subscriptions_to_supplier on subscriptions (supplier_ref, order_ref, position);
CREATE INDEX balances_of_product on balances (product_ref);
COMMIT;
