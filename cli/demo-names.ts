// Sample people: names that go together, how each is written in an email address, and phone numbers of their country.
// A word is a name, or a name and its Latin spelling: Мария=maria. `_` stands for a space inside a name.

type Group = {
  first: string;
  last: string;
  /** One domain belongs to one group only: that is what keeps emails apart. All end as RFC 2606 and 6761 reserve. */
  domain: string;
  /** Country, area and subscriber; `#` is any digit. Numbers reserved for fiction where a country has some. */
  phone: [country: string, area: string, subscriber: string];
};

export const groups: Group[] = [
  {
    first: 'Olivia James Amelia Noah Charlotte Oliver Grace Henry Isla Jack Sophie George Ella Thomas Ruby William',
    last: "Smith Taylor Brown Wilson Evans O'Brien Walker Wright Robinson Hughes Green McDonald Clarke Ward Turner Lloyd-Jones",
    domain: 'mail.example.com',
    phone: ['+44', '20', '79460###'],
  },
  {
    first: 'Emma Liam Ava Ethan Mia Mason Abigail Logan Harper Lucas Evelyn Aiden Madison Jackson Chloe Daniel',
    last: 'Johnson Williams Miller Davis Anderson Jackson Harris Martin Thompson Lewis Young King Scott Hill Adams Carter',
    domain: 'post.example.com',
    phone: ['+1', '212', '55501##'],
  },
  {
    first:
      'Jürgen Käthe Björn Sabine Günter Bärbel Lukas Anneliese Jörg Heike Matthias Uschi Florian Renate Götz Monika',
    last: 'Müller Schäfer Weiß Köhler Krüger Schröder Böhm Fuchs Groß Jäger Lehmann Vogel Grün Hübner Seidel Bäcker',
    domain: 'kunde.example',
    phone: ['+49', '30', '23125###'],
  },
  {
    first: 'Élodie François Chloé Jérôme Zoé Benoît Hélène Rémi Inès Sébastien Maëlle Loïc Noémie Gaël Anaïs Théo',
    last: "Lefèvre Dupont Moreau Bézier d'Aubigné Garçon Hébert Mercier Gérard Rousseau Pâquet Blanc Lemaître Fabre Béranger Noël",
    domain: 'client.example',
    phone: ['+33', '1', '9900####'],
  },
  {
    first: 'José María Íñigo Lucía Álvaro Begoña Andrés Sofía Ramón Inés Jesús Rocío Óscar Belén Nicolás Mónica',
    last: 'García Núñez Muñoz Ibáñez Peña Gómez Jiménez Ordóñez Martínez Vázquez Ibarra Cañas Ruiz_Díaz León Yáñez Castaño',
    domain: 'correo.example',
    phone: ['+34', '91', '0550###'],
  },
  {
    first:
      'João Conceição António Inês Gonçalo Lúcia Estêvão Beatriz Simão Mafalda Caetano Luísa Tomás Glória Nélson Íris',
    last: 'Gonçalves Magalhães Brandão Araújo Simões Leitão Conceição Assunção Falcão Avelãs Câmara Patrício Seabra Fontão Galvão Mourão',
    domain: 'cliente.example',
    phone: ['+55', '11', '95550####'],
  },
  {
    first: 'Łukasz Paweł Michał Grzegorz Wojciech Sławomir Bartłomiej Kamil Mieczysław Józef Stanisław Tomasz',
    last: 'Wiśniewski Wójcik Kowalczyk Dąbrowski Woźniak Kozłowski Gołąb Pająk Michałek Wróbel Źrebiec Głąb',
    domain: 'klient.example',
    phone: ['+48', '22', '555####'],
  },
  {
    first: 'Małgorzata Agnieszka Bożena Elżbieta Grażyna Zofia Łucja Stanisława Halina Joanna Żaneta Świętosława',
    last: 'Wiśniewska Dąbrowska Kozłowska Zielińska Szymańska Górska Sikorska Michalska Żurawska Ostrowska Śliwińska Czarnecka',
    domain: 'poczta.example',
    phone: ['+48', '12', '555####'],
  },
  {
    first: 'Jiří Tomáš Ondřej Václav Zdeněk Lukáš Řehoř Matěj Štěpán Vojtěch Přemysl Bořivoj',
    last: 'Dvořák Černý Procházka Kučera Veselý Růžička Šťastný Kříž Žák Beneš Němec Sýkora',
    domain: 'zakaznik.example',
    phone: ['+420', '2', '2555####'],
  },
  {
    first: 'Åsa Göran Björn Märta Håkan Sören Älva Örjan Ingrid Östen Lars-Åke Åke',
    last: 'Åkesson Sjöberg Lindström Öberg Nyström Hägg Ångström Sköld Björk Åström Löfgren Ström',
    domain: 'kund.example',
    phone: ['+46', '8', '465004##'],
  },
  {
    first: 'Ayşe Çağla Gülşen İbrahim Özlem Şükrü Ömer Yağmur Ümit Işıl Tuğba Kağan',
    last: 'Yılmaz Şahin Çelik Öztürk Aydın Yıldız Doğan Kılıç Güneş Çağlar Işık Türkoğlu',
    domain: 'musteri.example',
    phone: ['+90', '212', '555####'],
  },
  {
    first:
      'Hương=huong Dũng=dung Thảo=thao Quỳnh=quynh Đức=duc Ngọc=ngoc Bảo=bao Tuấn=tuan Lệ=le Phượng=phuong Khải=khai Mỹ=my',
    last: 'Nguyễn=nguyen Trần=tran Lê=le Phạm=pham Hoàng=hoang Võ=vo Đặng=dang Bùi=bui Đỗ=do Ngô=ngo Dương=duong Lý=ly',
    domain: 'khach.example',
    phone: ['+84', '24', '35550###'],
  },
  {
    first:
      'Александр=aleksandr Дмитрий=dmitry Сергей=sergey Иван=ivan Михаил=mikhail Пётр=petr Юрий=yury Артём=artem Фёдор=fedor Алексей=aleksey Игорь=igor Константин=konstantin',
    last: 'Иванов=ivanov Смирнов=smirnov Кузнецов=kuznetsov Попов=popov Соколов=sokolov Лебедев=lebedev Козлов=kozlov Новиков=novikov Соловьёв=solovyov Щукин=shchukin Жуков=zhukov Цветков=tsvetkov',
    domain: 'pochta.example',
    phone: ['+7', '495', '5550###'],
  },
  {
    first:
      'Мария=maria Анна=anna Елена=elena Ольга=olga Наталья=natalya Татьяна=tatyana Екатерина=ekaterina Юлия=yulia Ирина=irina Светлана=svetlana Алёна=alena Любовь=lyubov',
    last: 'Петрова=petrova Волкова=volkova Морозова=morozova Павлова=pavlova Семёнова=semenova Голубева=golubeva Виноградова=vinogradova Богданова=bogdanova Воробьёва=vorobyova Фёдорова=fedorova Чернышёва=chernysheva Яшина=yashina',
    domain: 'pismo.example',
    phone: ['+7', '812', '5550###'],
  },
  {
    first:
      'Олена=olena Тарас=taras Оксана=oksana Богдан=bohdan Ігор=ihor Соломія=solomia Євген=yevhen Лариса=larysa Остап=ostap Софія=sofia Андрій=andrii Юліана=yuliana',
    last: 'Шевченко=shevchenko Коваленко=kovalenko Бондаренко=bondarenko Ткаченко=tkachenko Кравченко=kravchenko Олійник=oliinyk Мельник=melnyk Поліщук=polishchuk Савчук=savchuk Гончаренко=honcharenko Марченко=marchenko Дем’яненко=demianenko',
    domain: 'skrynka.example',
    phone: ['+380', '44', '5550###'],
  },
  {
    first:
      'Γιώργος=giorgos Δημήτρης=dimitris Νίκος=nikos Κώστας=kostas Ανδρέας=andreas Χρήστος=christos Θανάσης=thanasis Σπύρος=spyros Παναγιώτης=panagiotis Λευτέρης=lefteris Ιάσονας=iasonas Ηλίας=ilias',
    last: 'Παπαδόπουλος=papadopoulos Νικολαΐδης=nikolaidis Γεωργίου=georgiou Οικονόμου=oikonomou Ψαράς=psaras Ιωάννου=ioannou Καραγιάννης=karagiannis Βλάχος=vlachos Ζαχαρίου=zachariou Μακρής=makris Αγγελόπουλος=angelopoulos Ξένος=xenos',
    domain: 'pelatis.example',
    phone: ['+30', '21', '05550###'],
  },
  {
    first:
      'محمد=mohammed فاطمة=fatima أحمد=ahmed عائشة=aisha يوسف=yousef مريم=maryam علي=ali نور=noor خالد=khaled ليلى=layla عمر=omar هدى=huda',
    last: 'الحسن=alhassan المصري=almasri حداد=haddad الخطيب=alkhatib منصور=mansour العلي=alali النجار=alnajjar صالح=saleh عبد_الله=abdullah القاسم=alqasim خوري=khoury الشامي=alshami',
    domain: 'barid.example',
    phone: ['+20', '2', '25550###'],
  },
  {
    first:
      'علی=ali زهرا=zahra حسین=hossein مریم=maryam رضا=reza نرگس=narges کیان=kian پریسا=parisa بهرام=bahram شیرین=shirin آرش=arash گلنار=golnar',
    last: 'احمدی=ahmadi محمدی=mohammadi کریمی=karimi رضایی=rezaei موسوی=mousavi جعفری=jafari قاسمی=ghasemi پارسا=parsa تهرانی=tehrani شیرازی=shirazi گیلانی=gilani صادقی=sadeghi',
    domain: 'nameh.example',
    phone: ['+98', '21', '55550###'],
  },
  {
    first:
      'דוד=david שרה=sarah יוסף=yosef רבקה=rivka משה=moshe תמר=tamar אברהם=avraham נועה=noa איתן=eitan יעל=yael שלמה=shlomo מיכל=michal',
    last: 'כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz ביטון=biton אזולאי=azoulay פרידמן=friedman בן_דוד=bendavid שפירא=shapira גולן=golan חדד=hadad רוזן=rosen',
    domain: 'doar.example',
    phone: ['+972', '3', '5550###'],
  },
  {
    first:
      'आरव=aarav प्रिया=priya अर्जुन=arjun दीपिका=deepika रोहन=rohan अनन्या=ananya विक्रम=vikram सुनीता=sunita कृष्ण=krishna लक्ष्मी=lakshmi सूर्य=surya नेहा=neha',
    last: 'शर्मा=sharma वर्मा=verma गुप्ता=gupta सिंह=singh पटेल=patel मिश्रा=mishra यादव=yadav जोशी=joshi त्रिपाठी=tripathi देसाई=desai श्रीवास्तव=srivastava चौधरी=chaudhary',
    domain: 'dak.example',
    phone: ['+91', '11', '25550###'],
  },
  {
    first:
      'রহিম=rahim ফাতেমা=fatema অর্ণব=arnab শর্মিলা=sharmila সুব্রত=subrata মৌসুমী=mousumi তানভীর=tanvir নুসরাত=nusrat কৌশিক=koushik পারমিতা=paromita',
    last: 'ইসলাম=islam রহমান=rahman চক্রবর্তী=chakraborty দাস=das বন্দ্যোপাধ্যায়=bandyopadhyay হোসেন=hossain সেন=sen ঘোষ=ghosh আহমেদ=ahmed মুখার্জী=mukherjee',
    domain: 'chithi.example',
    phone: ['+880', '2', '55550###'],
  },
  {
    first:
      'அருண்=arun மீனா=meena கார்த்திக்=karthik லட்சுமி=lakshmi முருகன்=murugan கவிதா=kavitha செந்தில்=senthil தமிழரசி=tamilarasi வேலன்=velan யாழினி=yazhini',
    last: 'ராமசாமி=ramasamy சுப்பிரமணியம்=subramaniam குமார்=kumar நடராஜன்=natarajan பாலகிருஷ்ணன்=balakrishnan செல்வம்=selvam கண்ணன்=kannan இளங்கோ=ilango பாண்டியன்=pandian சிவா=siva',
    domain: 'anjal.example',
    phone: ['+91', '44', '25550###'],
  },
  {
    first:
      'สมชาย=somchai สุดา=suda อนันต์=anan พิมพ์ชนก=pimchanok กิตติ=kitti มาลี=malee ณัฐพล=nattapon วรรณา=wanna ธนากร=thanakorn ศิริพร=siriporn',
    last: 'ใจดี=jaidee ศรีสุข=srisuk แสงทอง=saengthong บุญมา=boonma วงศ์สวัสดิ์=wongsawat ทองคำ=thongkham รักไทย=rakthai สุวรรณ=suwan จันทร์เพ็ญ=chanpen พงษ์พานิช=pongpanich',
    domain: 'jotmai.example',
    phone: ['+66', '2', '5550###'],
  },
  {
    first: '伟=wei 芳=fang 娜=na 敏=min 静=jing 丽华=lihua 强=qiang 磊=lei 洋=yang 艳=yan 志明=zhiming 秀英=xiuying',
    last: '王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 黄=huang 赵=zhao 吴=wu 周=zhou 欧阳=ouyang 司马=sima',
    domain: 'youjian.example',
    phone: ['+86', '10', '5555####'],
  },
  {
    first:
      '美玲=meiling 家豪=jiahao 淑芬=shufen 俊傑=junjie 怡君=yijun 志偉=zhiwei 雅婷=yating 宗翰=zonghan 佩珊=peishan 國華=guohua',
    last: '林=lin 陳=chen 黃=huang 張=chang 劉=liu 鄭=cheng 謝=hsieh 許=hsu 蔡=tsai 楊=yang',
    domain: 'xinxiang.example',
    phone: ['+886', '2', '25550###'],
  },
  {
    first:
      '太郎=taro 花子=hanako 健一=kenichi 美咲=misaki 翔太=shota さくら=sakura 大輔=daisuke ユキ=yuki 陽菜=hina 直樹=naoki あかり=akari ケンジ=kenji',
    last: '佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe 伊藤=ito 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 吉田=yoshida 佐々木=sasaki',
    domain: 'yubin.example',
    phone: ['+81', '3', '5550####'],
  },
  {
    first:
      '민준=minjun 서연=seoyeon 지훈=jihoon 수빈=subin 현우=hyunwoo 지민=jimin 은영=eunyoung 성호=sungho 하은=haeun 도윤=doyun 미경=mikyung 예진=yejin',
    last: '김=kim 이=lee 박=park 최=choi 정=jung 강=kang 조=cho 윤=yoon 장=jang 임=lim 남궁=namgung 선우=sunwoo',
    domain: 'pyeonji.example',
    phone: ['+82', '2', '5550####'],
  },
  {
    first:
      'გიორგი=giorgi ნინო=nino დავითი=daviti მარიამი=mariami ლევანი=levani თამარი=tamari ზურაბი=zurabi ქეთევანი=ketevani ილია=ilia ელენე=elene',
    last: 'ბერიძე=beridze კაპანაძე=kapanadze გელაშვილი=gelashvili მაისურაძე=maisuradze ლომიძე=lomidze წიკლაური=tsiklauri ჯაფარიძე=japaridze ხუციშვილი=khutsishvili',
    domain: 'posta.example',
    phone: ['+995', '32', '2555###'],
  },
  {
    first:
      'Արամ=aram Անի=ani Տիգրան=tigran Նարե=nare Հայկ=hayk Լուսինե=lusine Գևորգ=gevorg Մարիամ=mariam Վահան=vahan Սոնա=sona',
    last: 'Հակոբյան=hakobyan Պետրոսյան=petrosyan Սարգսյան=sargsyan Գրիգորյան=grigoryan Խաչատրյան=khachatryan Մկրտչյան=mkrtchyan Ավետիսյան=avetisyan Ղազարյան=ghazaryan',
    domain: 'namak.example',
    phone: ['+374', '10', '555###'],
  },
  {
    first: 'አበበ=abebe ሰላም=selam ዳዊት=dawit ሄለን=helen ተስፋዬ=tesfaye ማርታ=marta ዮሐንስ=yohannes ሳራ=sara',
    last: 'ከበደ=kebede ተሰማ=tessema ኃይሌ=haile በቀለ=bekele ወልደ=wolde ገብረ=gebre መኮንን=mekonnen ታደሰ=tadesse',
    domain: 'debdabe.example',
    phone: ['+251', '11', '5550###'],
  },
];
