// A few customers for whoever looks around first. They come by an import like any other, and go by its undo.

/** First name, last name, email, phone, and `inactive` where it is so. */
const PEOPLE = `
Olivia;Smith;olivia.smith@mail.example.com;+44 20 79460590 ext. 10
Emma;Johnson;emma.johnson@post.example.com;+12125550117
Jürgen;Müller;jurgen.muller@kunde.example;
Élodie;Lefèvre;elodie.lefevre@client.example;+33199006194
José;García;jose.garcia@correo.example;+34 91.055.0733
João;Gonçalves;joao.goncalves@cliente.example;+55-11-95550-5781
Łukasz;Wiśniewski;lukasz.wisniewski@klient.example;+48 22.555.7158
Małgorzata;Wiśniewska;malgorzata.wisniewska@poczta.example;+48 12 5559579 ext. 17
Jiří;Dvořák;jiri.dvorak@zakaznik.example;+420 2 25558574
Åsa;Åkesson;asa.akesson@kund.example;+46 8 46500499
Ayşe;Yılmaz;ayse.yilmaz@musteri.example;+90 212 5555061 ext. 20
Hương;Nguyễn;huong.nguyen@khach.example;+84 24 35550870
Александр;Иванов;aleksandr.ivanov@pochta.example;+7 495.555.0523
Мария;Петрова;maria.petrova@pismo.example;+7 812 5550324
Олена;Шевченко;olena.shevchenko@skrynka.example;+380445550242
Γιώργος;Παπαδόπουλος;giorgos.papadopoulos@pelatis.example;+30-21-0555-0922
محمد;الحسن;mohammed.alhassan@barid.example;+20225550867
علی;احمدی;ali.ahmadi@nameh.example;
דוד;כהן;david.cohen@doar.example;+972 3.555.0177;inactive
आरव;शर्मा;aarav.sharma@dak.example;+91 11.2555.0424
রহিম;ইসলাম;rahim.islam@chithi.example;+880255550502
அருண்;ராமசாமி;arun.ramasamy@anjal.example;+91 (44) 2555-0479
สมชาย;ใจดี;somchai.jaidee@jotmai.example;+66-2-555-0424
伟;王;wei.wang@youjian.example;+86 (10) 5555-0295
美玲;林;meiling.lin@xinxiang.example;+886 2 25550156 ext. 34
太郎;佐藤;taro.sato@yubin.example;+81 3.5550.5016
민준;김;minjun.kim@pyeonji.example;+82-2-5550-6209
გიორგი;ბერიძე;giorgi.beridze@posta.example;+995 32.255.5311
Արամ;Հակոբյան;aram.hakobyan@namak.example;+374-10-55-5339
አበበ;ከበደ;abebe.kebede@debdabe.example;+251 (11) 555-0453
James;Taylor;james.taylor@mail.example.com;+44 20.7946.0812;inactive
Liam;Williams;liam.williams@post.example.com;+1 212 5550112 ext. 41;inactive
Käthe;Schäfer;kathe.schafer@kunde.example;+493023125835
François;Dupont;francois.dupont@client.example;+33-1-9900-1639
María;Núñez;maria.nunez@correo.example;+34 91 0550686 ext. 44
Conceição;Magalhães;conceicao.magalhaes@cliente.example;+5511955508246
Paweł;Wójcik;pawel.wojcik@klient.example;+48 22.555.8226
Agnieszka;Dąbrowska;agnieszka.dabrowska@poczta.example;+48 (12) 555-8035
Tomáš;Černý;tomas.cerny@zakaznik.example;+420 2 25552056
Göran;Sjöberg;goran.sjoberg@kund.example;+46 8 46500473 ext. 49
Çağla;Şahin;cagla.sahin@musteri.example;+90 212 5555704 ext. 50
Dũng;Trần;dung.tran@khach.example;+842435550194
Дмитрий;Смирнов;dmitry.smirnov@pochta.example;
Анна;Волкова;anna.volkova@pismo.example;+7-812-555-0107
Тарас;Коваленко;taras.kovalenko@skrynka.example;+380 44 5550148 ext. 54
Δημήτρης;Νικολαΐδης;dimitris.nikolaidis@pelatis.example;+30 21.0555.0699
فاطمة;المصري;fatima.almasri@barid.example;+20 2.2555.0718
زهرا;محمدی;zahra.mohammadi@nameh.example;+98 21.5555.0494
שרה;לוי;sarah.levi@doar.example;+972 3.555.0769
प्रिया;वर्मा;priya.verma@dak.example;+91-11-2555-0536
ফাতেমা;রহমান;fatema.rahman@chithi.example;+880-2-5555-0042;inactive
மீனா;சுப்பிரமணியம்;meena.subramaniam@anjal.example;+91 44 25550483 ext. 61
สุดา;ศรีสุข;suda.srisuk@jotmai.example;+66 (2) 555-0289
芳;李;fang.li@youjian.example;+86 (10) 5555-0640
家豪;陳;jiahao.chen@xinxiang.example;+886 2 25550973 ext. 64
花子;鈴木;hanako.suzuki@yubin.example;+81-3-5550-6103
서연;이;seoyeon.lee@pyeonji.example;+82 2.5550.0439
ნინო;კაპანაძე;nino.kapanadze@posta.example;+995 32 2555569 ext. 67
Անի;Պետրոսյան;ani.petrosyan@namak.example;+374 10 555148 ext. 68
ሰላም;ተሰማ;selam.tessema@debdabe.example;+251 11 5550756 ext. 69;inactive
`;

const DAY_MS = 86_400_000;
/** Over how many days they seem to have come. */
const DAYS = 88;

/** The sample customers as CSV, the last of them created today. */
export function sampleCsv(now = Date.now()): string {
  const people = PEOPLE.trim().split('\n');
  const rows = people.map((line, index) => {
    const [first_name, last_name, email, phone, state] = line.split(';');
    // More and more often, as with a business that grows.
    const days = Math.round(DAYS * (1 - Math.sqrt(index / (people.length - 1))));
    const created_at = new Date(now - days * DAY_MS - (index % 7) * 3_600_000).toISOString();
    return [first_name, last_name, email, phone, String(state !== 'inactive'), created_at].join(',');
  });
  return ['first_name,last_name,email,phone,is_active,created_at', ...rows, ''].join('\n');
}
