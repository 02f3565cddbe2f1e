// What people make passwords of, most of all. Our own list: the words, names and phrases that every list of leaked
// passwords begins with, in small letters and without the digits and signs that are put behind them, which
// `guesses.ts` sees by itself.
const WORDS = `
password passwort passwords passw0rd motdepasse contrasena senha parola wachtwoord haslo kennwort passphrase passcode
secret secrets topsecret geheim private access letmein letmeinnow openup opensesame changeme changeit changethis default
admin administrator administration root system sysadmin superuser superman supervisor operator manager master user users
username guest test tests tester testing temp temporary demo example sample login logon signin welcome welcomeback hello
hellothere helloworld world hallo bonjour qwerty qwertz azerty asdf zxcv computer internet keyboard server database
network windows microsoft google facebook linkedin apple iphone samsung android amazon twitter instagram youtube
clientele client clients customer customers contact contacts crm company business office work account accounts sales
support helpdesk service marketing finance postgres postgresql oracle mysql redis docker kubernetes linux ubuntu
iloveyou iloveme ilove love lover lovely loveme loveyou forever together always family mother father mama papa mommy
daddy sister brother baby babygirl angel angels heart sweet sweetheart honey darling princess prince queen king
dragon monkey tiger lion panther eagle falcon phoenix wolf bear dog doggy puppy cat kitty kitten horse pony dolphin
butterfly bunny rabbit chicken turtle snake spider shark buster bandit pepper ginger shadow smokey lucky midnight
sunshine sunflower sunset summer winter spring autumn fall flower flowers rainbow ocean river mountain forest rain snow
fire water earth storm thunder lightning star stars starlight moon moonlight sun sky cloud heaven
january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday weekend holiday vacation birthday christmas easter
football baseball basketball soccer hockey tennis golf swimming cricket rugby sports champion winner liverpool chelsea
arsenal manchester united barcelona madrid juventus milan yankees cowboys steelers lakers eagles rangers
london paris berlin madrid rome vienna newyork california texas america england france germany italy spain canada
australia india china japan russia brazil mexico
michael jennifer jessica ashley amanda daniel david james robert john joseph thomas william richard charles george
andrew anthony matthew joshua christopher nicholas benjamin samuel alexander jonathan jordan taylor justin brandon
tyler austin hunter charlie maria anna sarah laura emily elizabeth nicole samantha melissa stephanie michelle andrea
patricia martin peter paul mark steven kevin brian
batman superman spiderman ironman starwars startrek pokemon pikachu minecraft fortnite naruto matrix merlin gandalf
hogwarts harrypotter zelda mario sonic killer hacker ninja pirate wizard legend hunter ranger warrior soldier
mustang ferrari porsche mercedes corvette harley yamaha honda toyota camaro
money dollar million rich bank gold golden silver diamond crystal purple orange yellow green blue black white red pink
chocolate cookie banana cheese coffee pizza beer whiskey cocacola pepsi
music guitar piano rock metallica nirvana eminem beatles rocknroll
jesus christ jesuschrist god godisgood blessed faith hope grace trinity heaven bible church
freedom peace power strong happy happiness smile cool awesome amazing perfect beautiful pretty sexy fuckyou fuckoff
fuck shit asshole bitch whatever nothing something anything everything nobody somebody
trustno trustnoone ncc1701 correcthorsebatterystaple correcthorse batterystaple thequickbrownfox quickbrownfox
thisismypassword mypassword mysecret yourpassword thepassword newpassword oldpassword nopassword ihatepasswords
ihateyou iamthebest letsgo loveislife lifeisgood onelove onetwothree abcabc abc aaa the my your our you and
`;

export const COMMON: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
